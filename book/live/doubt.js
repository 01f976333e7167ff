// Is this a digit at all? A second network answers, the judge: LeNet-5 with more maps and an eleventh answer, "none".
// As helpers/handwriting/doubt.py decides and says it; a test holds the two to the same sentences.

const NONE = 10; // the number of the eleventh answer
const BELIEVED = 0.15; // a digit is believed from this probability on
const SURE = 0.9; // of a digit that lies on its side

const NO_DIGIT = "This may be no digit.";
const SIDEWAYS = "This may be no digit, or it lies on its side: turn the picture.";
const TWO = "Perhaps these are two digits: leave space between digits.";
const SMALL = "It is too small to be read safely: go nearer.";

/** Why a prepared drawing may be no digit, in sentences; none where it is believed. judge: its weights. */
function doubtsAbout({ image, size: [width, height] }, judge) {
  // what is wrong often has its answer from one place alone: it has to hold a pixel to either side as well
  const moved = [image.map((row) => [...row.slice(1), 0]), image.map((row) => [0, ...row.slice(0, -1)])];
  const [said, ...beside] = [image, ...moved].map((each) => forward(judge, each).output);
  const digits = said.slice(0, NONE);
  const [most, second] = [...digits.keys()].sort((one, other) => digits[other] - digits[one]);
  const doubts = [];
  const believed = [said, ...beside].every((each) => each[most] >= BELIEVED);
  if (!believed && said[NONE] > digits[most]) {
    const turned = [turn(image).reverse(), turn([...image].reverse())]; // to either side
    const lying = turned.flatMap((each) => forward(judge, each).output.slice(0, NONE));
    doubts.push(Math.max(...lying) > SURE ? SIDEWAYS : width > 1.2 * height ? TWO : NO_DIGIT);
  } else if (!believed) doubts.push(`It may be a ${second} as well.`);
  if (Math.max(width, height) < 7) doubts.push(SMALL);
  return doubts;
}

/** What a writer may want to know of a prepared drawing, in sentences. */
function warningsAbout({ size: [width, height], atEdge, count }) {
  const notes = [
    ["The digit touches the edge of the picture: a part of it may be missing.", atEdge],
    ["This is very wide for one digit: leave space between digits.", width > 1.6 * height],
    ["There is more than one digit: this is the one with the most ink.", count > 1],
  ];
  return notes.filter(([, holds]) => holds).map(([sentence]) => sentence);
}
