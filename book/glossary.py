"""The glossary: each term with the sentence that introduces it, and a link to where it stands."""

import re
from pathlib import Path

#: The terms, as they are emphasised where a notebook introduces them. What they mean is said there, and nowhere else.
TERMS = {
    "00": "cells, pixels, train, probabilities",
    "01": "MNIST, labels, channels, standard deviation, centre of mass, squared distance, dot product, nearest "
    "mean, confusion matrix",
    "02": "unit, neuron, weights, bias, layer, dense, fully connected, parameters, logits, Softmax, loss, "
    "cross-entropy, slope, finite difference, gradient, learning rate, gradient descent, batch, stochastic gradient "
    "descent, epoch, overfitting",
    "03": "convolution, kernel, feature map, cross-correlation, Padding, Stride, ReLU, Max pooling, equivariance, "
    "invariance, partial maps, receptive field, seeds",
    "04": "chain rule, backpropagation, optimizer, AdamW, weight decay, metrics, warm-up, 95 % interval, recall, "
    "precision, calibrated, confidence, doubt, reliability diagram, expected calibration error, underfitting",
    "05": "plain, shipped, sign test, polarity, Closing, Opening, grain, bootstrap",
    "06": "profile, segmentation graph, space displacement neural network, edit distance, digit error rate",
    "07": "hyperbolic tangent, squashing function, radial basis function, multiply-adds, least squares, matrix product",
    "08": "augmentation, Batch normalisation, Dropout, ensemble, distillation, temperature, stability training",
    "09": "saliency, noise floor, Grad-CAM, correlation, principal components, singular value decomposition",
    "10": "adversarial, random start, score, energy, int8, scale, squared error, LiteRT, ONNX",
    "11": "workers, job, scheduler, ring all-reduce, Amdahl's law",
}
HEADING = re.compile(r"^#+ (\d+\.\d+ .*)$")
SENTENCE = re.compile(r"(?:(?<=[.?!])|(?<=[.?!]\*\*)|(?<=[.?!]\)))\s+(?=[A-Z*$\[`]|\((?!\d))")
FORMULA = re.compile(r"\s+\$\$(.+?)\$\$\s*(?=([A-Z*(])?)", re.S)
#: A sentence that begins like this is about the one before it.
POINTS_BACK = re.compile(
    r"\W*(That|This|These|They|Such|Its?|So|Here|The result|The small|The paper calls|If each|We can measure"
    r"|One number for|To find them|What comes out|NumPy has)\b"
)


def in_line(found: re.Match) -> str:
    """Return a formula of its own line as part of its sentence, which ends there if the next word begins another."""
    return f" ${found[1].strip()}$" + ("\n" if found[2] else " ")


def without_half_brackets(said: str) -> str:
    """Return a text without a bracket that opens or closes outside of it."""
    if said.startswith("(") and said.count("(") > said.count(")"):
        return said[1:]
    return said.removesuffix(")") if said.count(")") > said.count("(") else said


def introduction(term: str, texts: list[str]) -> tuple[str, str]:
    """Return what introduces a term in the texts of a notebook, and the heading above it.

    LookupError: the term is emphasised in none of them.
    """
    heading, mark = "", re.compile(rf"(?<!\*)(\*\*?){re.escape(term)}\1(?!\*)")
    for text in texts[1:]:
        text = FORMULA.sub(in_line, re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
        for paragraph in text.split("\n"):
            if found := HEADING.match(paragraph):
                heading = found[1]
            elif mark.search(paragraph) and not paragraph.startswith("|"):
                sentences = SENTENCE.split(re.sub(r"^(- |> |\d\. )", "", paragraph))
                last = next(number for number, sentence in enumerate(sentences) if mark.search(sentence))
                first = last
                while first and POINTS_BACK.match(sentences[first]):
                    first -= 1
                said = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(sentences[first : last + 1]))
                return without_half_brackets(said), heading.replace("`", "")
    raise LookupError(f"The glossary looks for *{term}* or **{term}**, which no text there emphasises any more.")


def page(texts: dict[Path, list[str]]) -> str:
    """Return the page, from the texts of each notebook: its Markdown cells."""
    lines = ["# Glossary", "", "Each term with the sentence that introduces it, and where that stands."]
    lines += ["", "```{glossary}", ":sorted:", ""]
    for path, cells in texts.items():
        for term in TERMS.get(path.name[:2], "").split(", "):
            if term:
                said, heading = introduction(term, cells)
                name = term.lower() if said.find(term) in (1, 2) and re.fullmatch("[A-Z][a-z ]+", term) else term
                anchor = heading.replace(" ", "-")
                lines += [name, f"  {said} ([{heading}](<notebooks/{path.name}#{anchor}>))", ""]
    return "\n".join([*lines, "```", ""])
