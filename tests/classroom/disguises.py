"""What somebody does to a copy so that it looks like a work of their own: the meaning stays, the letters do not."""

import ast
import copy
from collections.abc import Callable


def bound_in(tree: ast.AST) -> set[str]:
    """Return the names that some code gives itself (not those of its functions, which the checks call)."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def used_in(tree: ast.AST) -> set[str]:
    """Return the names that some code reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def renamed(tree: ast.Module) -> ast.Module:
    """Give each variable another name, take the docstrings out, and add comments of one's own (none is in a tree)."""
    keep = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    keep |= {each.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for each in node.args}
    inner = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } - keep
    new = {name: f"{'ab' if number % 2 else 'value'}_{number}" for number, name in enumerate(sorted(inner))}
    # where a function is called by keyword its arguments keep their names; elsewhere they are renamed, too
    called = {each.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for each in node.keywords}
    if not any(isinstance(each, ast.ClassDef) for each in tree.body):
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        given = sorted({each.arg for node in functions for each in node.args.args} - {each.name for each in functions})
        new |= {name: f"arg_{number}" for number, name in enumerate(given)}
    new = {old: name for old, name in new.items() if old not in called and old != "self"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = new.get(node.arg, node.arg)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            node.name = new.get(node.name, node.name)
        elif isinstance(node, ast.FunctionDef) and len(node.body) > 1 and ast.get_docstring(node):
            del node.body[0]
    return tree


def reordered(tree: ast.Module) -> ast.Module:
    """Exchange neighbouring statements of which neither needs the other, and functions; and the sides of sums."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        place = 0
        while place + 1 < len(body):
            one, two = body[place : place + 2]
            plain = all(isinstance(each, ast.Assign | ast.FunctionDef) for each in (one, two))
            given = [bound_in(each) | {getattr(each, "name", "")} for each in (one, two)]
            apart = not (given[0] & (used_in(two) | given[1])) and not (given[1] & used_in(one))
            calls = any(isinstance(each, ast.Assign) and "random" in ast.unparse(each) for each in (one, two))
            if plain and apart and not calls and "rng" not in ast.unparse(one) + ast.unparse(two):
                body[place : place + 2] = [two, one]
                place += 1
            place += 1
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not is_list(node):
            node.left, node.right = node.right, node.left
    return tree


def is_list(node: ast.BinOp) -> bool:
    return any(isinstance(each, ast.List) for each in (node.left, node.right))


def with_dead_code(tree: ast.Module) -> ast.Module:
    """Add what changes nothing: variables that nobody reads, conditions that never hold, a function nobody calls."""
    dead = [
        "checked = len(str(0)) + sum([1, 2, 3])",
        "if 1 > 2:\n    print('this cannot be', checked * 2)",
        "progress = {'step': 0, 'of': [i * i for i in range(3)]}",
        "for unused in range(0):\n    progress['step'] += unused",
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for number, text in enumerate(dead):
                node.body.insert(min(2 * number, len(node.body) - 1) if number else 0, ast.parse(text).body[0])
    extra = "def describe(thing):\n    text = str(thing)\n    return text.upper() if len(text) > 3 else text.lower()"
    tree.body.insert(0, ast.parse(extra).body[0])
    return tree


class _Loops(ast.NodeTransformer):
    """`a = []` and a loop that only appends become a comprehension; a returned or assigned comprehension, a loop."""

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for each in body:
            before = made[-1] if made else None
            if (name := appends(each)) and isinstance(before, ast.Assign) and ast.unparse(before) == f"{name} = []":
                element = each.body[0].value.args[0]
                rule = ast.comprehension(each.target, each.iter, [], 0)
                made[-1] = ast.Assign(before.targets, ast.ListComp(element, [rule]))
            elif isinstance(each, ast.Return | ast.Assign) and isinstance(each.value, ast.ListComp):
                rule = each.value.generators[0]
                target = each.targets[0].id if isinstance(each, ast.Assign) and plain(each) else "gathered"
                inner: ast.stmt = ast.parse(f"{target}.append(0)").body[0]
                inner.value.args = [each.value.elt]
                for test in rule.ifs:
                    inner = ast.If(test, [inner], [])
                simple = len(each.value.generators) == 1 and (isinstance(each, ast.Return) or plain(each))
                simple = simple and target not in used_in(each.value)
                if not simple:
                    made.append(each)
                    continue
                made += [ast.parse(f"{target} = []").body[0], ast.For(rule.target, rule.iter, [inner], [])]
                if isinstance(each, ast.Return):
                    made.append(ast.parse(f"return_{target} = {target}").body[0])
                    made[-1] = ast.Return(ast.Name(target, ast.Load()))
            else:
                made.append(each)
        return made

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list):
            node.body = self._block(node.body)
        return node


def plain(node: ast.Assign) -> bool:
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)


def appends(node: ast.stmt) -> str:
    """Return the name of the list to which a loop does nothing but append; empty for others."""
    if isinstance(node, ast.For) and len(node.body) == 1 and isinstance(node.body[0], ast.Expr):
        call = node.body[0].value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            return ast.unparse(call.func.value)
    return ""


def loops_exchanged(tree: ast.Module) -> ast.Module:
    """Write loops as comprehensions, and comprehensions as loops."""
    return _Loops().visit(tree)


def helper_split(tree: ast.Module) -> ast.Module:
    """Move the largest expression of each function into a function of its own."""
    made = []
    for function in [each for each in tree.body if isinstance(each, ast.FunctionDef)]:
        local = bound_in(function)
        found = [
            (len(list(ast.walk(each.value))), each)
            for each in ast.walk(function)
            if isinstance(each, ast.Return | ast.Assign) and each.value is not None and not yields(each.value)
        ]
        if not found:
            continue
        _, statement = max(found, key=lambda pair: pair[0])
        inner = {
            each for node in ast.walk(statement.value) if isinstance(node, ast.comprehension) for each in bound_in(node)
        }
        nested = {each.name for each in ast.walk(function) if isinstance(each, ast.FunctionDef)}
        names = sorted((used_in(statement.value) & (local | (nested - {function.name}))) - inner)
        name = f"part_of_{function.name}"
        call = ast.parse(f"{name}({', '.join(names)})").body[0].value
        helper = ast.parse(f"def {name}({', '.join(names)}):\n    return 0").body[0]
        helper.body[0].value, statement.value = statement.value, call
        made.append(helper)
    tree.body = made + tree.body
    return tree


def yields(tree: ast.AST) -> bool:
    return any(isinstance(each, ast.Yield | ast.Lambda | ast.NamedExpr) for each in ast.walk(tree))


def with_steps(tree: ast.Module) -> ast.Module:
    """Give the arguments of what is returned or assigned names of their own, a line each."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        made: list[ast.stmt] = []
        for each in body:
            value = getattr(each, "value", None) if isinstance(each, ast.Return | ast.Assign) else None
            if isinstance(value, ast.Call) and not any(isinstance(part, ast.Starred) for part in value.args):
                for number, part in enumerate(value.args):
                    if isinstance(part, ast.BinOp | ast.Call | ast.Subscript):
                        made.append(ast.parse(f"step_{len(made)}_{number} = 0").body[0])
                        made[-1].value = part
                        value.args[number] = ast.Name(made[-1].targets[0].id, ast.Load())
            made.append(each)
        node.body = made
    return tree


def everything(tree: ast.Module) -> ast.Module:
    """All of them, one after the other."""
    for each in (helper_split, reordered, loops_exchanged, with_dead_code, renamed):
        tree = ast.parse(ast.unparse(ast.fix_missing_locations(each(tree))))
    return tree


DISGUISES: tuple[Callable[[ast.Module], ast.Module], ...] = (
    renamed,
    reordered,
    with_dead_code,
    loops_exchanged,
    helper_split,
    with_steps,
    everything,
)


def disguised(code: str, disguise: Callable[[ast.Module], ast.Module]) -> str:
    """Return some code in disguise."""
    tree = disguise(copy.deepcopy(ast.parse(code)))
    return ast.unparse(ast.fix_missing_locations(tree))
