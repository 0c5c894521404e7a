"""Rewrites a C file so that it holds many mutants at once, each behind a number (mutant schemata: Untch, Offutt and
Harrold, 1993). One build then has them all; mutant.h says how one is switched on.

Kinds of mutants:
  negate    a condition, an operand of && or ||, a comparison, or what a predicate returns, is the opposite
  boundary  < and <=, > and >= change places
  drop      a statement (a call, an assignment, a jump) is left out
  succeed   a function that may fail returns success instead of what it would
"""
import re
from dataclasses import dataclass

from clang.cindex import CursorKind as K, Index, TranslationUnit

COMPARISONS = {'<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': None, '!=': None}
TRANSPARENT = (K.UNEXPOSED_EXPR, K.PAREN_EXPR)
LITERALS = {'true', 'false', '0', '1', 'NULL'}
SUCCESS = {'bool': 'true', '_Bool': 'true', 'enum volume_status': 'VOLUME_OK'}


@dataclass
class Mutant:
    file: str
    function: str
    kind: str
    text: str       # what is changed, spaces made single
    line: int
    copy: int = 1   # of those that look the same in one function
    number: int = -1

    @property
    def key(self):
        return (self.file, self.function, self.kind, self.text, self.copy)


@dataclass
class Edit:
    begin: int
    end: int
    kind: str
    mutants: list
    middle: tuple = ()   # of a comparison: where its operator begins and ends
    success: str = ''


class Rewriter:
    def __init__(self, path, name, arguments):
        self.source = open(path, 'rb').read()
        self.name = name
        self.edits = {}
        self.mutants = []
        unit = Index.create().parse(path, args=arguments,
                                    options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        errors = [d for d in unit.diagnostics if d.severity >= 3]
        if errors:
            raise SystemExit(f'mutants: {name} does not parse: {errors[0]}')
        self.macros = []
        functions = []
        for cursor in unit.cursor.get_children():
            if cursor.location.file is None or cursor.location.file.name != path:
                continue
            if cursor.kind == K.MACRO_INSTANTIATION:
                self.macros.append((*self.range(cursor), cursor.spelling))
            elif cursor.kind == K.FUNCTION_DECL and cursor.is_definition():
                functions.append(cursor)
        for function in functions:
            self.enter(function)

    @staticmethod
    def range(cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def text(self, begin, end):
        return self.source[begin:end].decode()

    def enter(self, function):
        self.function = function.spelling
        result = function.result_type.spelling
        parameters = [p.type.spelling for p in function.get_arguments()]
        # A predicate has no error to set; what it returns is turned round.
        self.success = SUCCESS.get(result, '') if 'struct ssql_error *' in parameters else ''
        self.is_predicate = result in ('bool', '_Bool') and not self.success
        self.seen = {}
        for child in function.get_children():
            if child.kind == K.COMPOUND_STMT:
                self.statement(child)

    def in_macro(self, begin, end):
        """Text inside a call of a macro cannot be changed there by itself, and assertions are left alone."""
        for low, high, name in self.macros:
            if low <= begin and end <= high and (name == 'assert' or (begin, end) != (low, high)):
                return True
        return False

    def add(self, kind, begin, end, line, middle=()):
        if self.in_macro(begin, end):
            return
        edit = self.edits.get((begin, end))
        if edit is None:
            edit = self.edits[begin, end] = Edit(begin, end, kind, [], middle, self.success)
        elif edit.kind == kind or not (kind == 'negate' and edit.kind == 'boundary'):
            return
        kinds = ['negate', 'boundary'] if kind == 'boundary' else ['negate'] if kind == 'equal' else [kind]
        for each in kinds:
            text = ' '.join(self.text(begin, end).split())
            copy = self.seen[each, text] = self.seen.get((each, text), 0) + 1
            edit.mutants.append(Mutant(self.name, self.function, each, text, line, copy))

    # ---- expressions ----

    def operator(self, cursor):
        left, right = list(cursor.get_children())
        begin, end = left.extent.end.offset, right.extent.start.offset
        text = self.text(begin, end)
        name = text.strip()
        return name, (begin + text.index(name), begin + text.index(name) + len(name)) if name else (0, 0)

    def condition(self, cursor):
        """A condition as a whole; comparisons and parts are found by expression()."""
        inner = cursor
        while inner.kind in TRANSPARENT:
            children = list(inner.get_children())
            if len(children) != 1:
                break
            inner = children[0]
        begin, end = self.range(inner)
        if self.text(begin, end) not in LITERALS:
            if not (inner.kind == K.BINARY_OPERATOR and self.operator(inner)[0] in COMPARISONS):
                self.add('negate', begin, end, cursor.location.line)
        self.expression(cursor)

    def expression(self, cursor):
        if cursor.kind == K.CXX_UNARY_EXPR:  # sizeof
            return
        children = list(cursor.get_children())
        if cursor.kind == K.BINARY_OPERATOR and len(children) == 2:
            name, middle = self.operator(cursor)
            if name in ('&&', '||'):
                for child in children:
                    self.condition(child)
                return
            if name in COMPARISONS:
                kind = 'boundary' if COMPARISONS[name] else 'equal'
                self.add(kind, *self.range(cursor), cursor.location.line, middle)
        elif cursor.kind == K.CONDITIONAL_OPERATOR and len(children) == 3:
            self.condition(children[0])
            children = children[1:]
        for child in children:
            self.expression(child)

    # ---- statements ----

    def semicolon(self, cursor):
        return self.source.index(b';', cursor.extent.end.offset) + 1

    def statement(self, cursor):
        kind, children, line = cursor.kind, list(cursor.get_children()), cursor.extent.start.line
        if kind in (K.COMPOUND_STMT, K.LABEL_STMT):
            for child in children:
                self.statement(child)
        elif kind == K.DEFAULT_STMT:
            self.statement(children[0])
        elif kind == K.CASE_STMT:
            self.statement(children[-1])
        elif kind in (K.IF_STMT, K.WHILE_STMT):
            self.condition(children[0])
            for child in children[1:]:
                self.statement(child)
        elif kind == K.DO_STMT:
            self.statement(children[0])
            self.condition(children[1])
        elif kind == K.SWITCH_STMT:
            self.expression(children[0])
            self.statement(children[1])
        elif kind == K.FOR_STMT:
            self.loop(cursor, children)
        elif kind == K.DECL_STMT:
            for child in children:
                if child.kind == K.VAR_DECL and child.storage_class.name != 'STATIC':
                    for part in child.get_children():
                        if part.kind.is_expression():
                            self.expression(part)
        elif kind in (K.BREAK_STMT, K.CONTINUE_STMT, K.GOTO_STMT):
            self.add('drop', cursor.extent.start.offset, self.semicolon(cursor), line)
        elif kind == K.RETURN_STMT:
            self.returning(cursor, children, line)
        elif kind.is_expression() or kind == K.BINARY_OPERATOR:
            if not self.text(*self.range(cursor)).startswith('(void)'):
                self.add('drop', *self.range(cursor), line)
            self.expression(cursor)

    def loop(self, cursor, children):
        begin, body = cursor.extent.start.offset, children[-1]
        semicolons, depth = [], 0
        for offset in range(begin, body.extent.start.offset):
            byte = self.source[offset:offset + 1]
            depth += (byte == b'(') - (byte == b')')
            if byte == b';' and depth == 1:
                semicolons.append(offset)
        for child in children[:-1]:
            start = child.extent.start.offset
            if start < semicolons[0] and child.kind == K.DECL_STMT:
                self.statement(child)
            elif semicolons[0] < start < semicolons[1]:
                self.condition(child)
        self.statement(body)

    def returning(self, cursor, children, line):
        if not children:
            self.add('drop', cursor.extent.start.offset, self.semicolon(cursor), line)
            return
        begin, end = self.range(children[0])
        text = self.text(begin, end)
        if self.success and text != self.success:
            self.add('succeed', begin, end, line)
        elif self.is_predicate and text in ('true', 'false'):
            self.add('negate', begin, end, line)
        if self.is_predicate and text not in LITERALS:
            self.condition(children[0])
        else:
            self.expression(children[0])

    # ---- output ----

    def finish(self, first_number):
        """The rewritten text, and its mutants, numbered from `first_number` on."""
        edits = sorted(self.edits.values(), key=lambda e: (e.begin, -e.end))
        number = first_number
        for edit in edits:
            for each in edit.mutants:
                each.number = number
                number += 1
                self.mutants.append(each)
        lines = self.render(0, len(self.source), edits)
        return lines, self.mutants

    def render(self, begin, end, edits):
        out, at, i = [], begin, 0
        while i < len(edits):
            edit = edits[i]
            j = i + 1
            while j < len(edits) and edits[j].begin < edit.end:
                j += 1
            out.append(self.text(at, edit.begin))
            out.append(self.apply(edit, edits[i + 1:j]))
            at, i = edit.end, j
        out.append(self.text(at, end))
        return ''.join(out)

    def apply(self, edit, inner):
        numbers = [m.number for m in edit.mutants]
        if edit.kind == 'boundary':
            low, high = edit.middle
            left = self.render(edit.begin, low, [e for e in inner if e.end <= low])
            right = self.render(high, edit.end, [e for e in inner if e.begin >= high])
            name = self.text(low, high)
            return (f'(mutant({numbers[0]}) ^ (mutant({numbers[1]}) ? ({left} {COMPARISONS[name]} {right}) : '
                    f'({left} {name} {right})))')
        body = self.render(edit.begin, edit.end, inner)
        n = numbers[0]
        if edit.kind in ('negate', 'equal'):
            return f'(mutant({n}) ^ !!({body}))'
        if edit.kind == 'succeed':
            return f'(mutant({n}) ? {edit.success} : ({body}))'
        if body.endswith(';'):
            return f'{{ if (!mutant({n})) {body} }}'
        return f'mutant({n}) ? (void)0 : (void)({body})'


def rewrite(path, name, arguments, first_number):
    return Rewriter(path, name, arguments).finish(first_number)
