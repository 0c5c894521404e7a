# language_page.awk - makes the manual page ssql(7), in scdoc's form, from docs/language.md: the page of the language has one
# source. It knows what that page is written in: headings, paragraphs, lists, tables, fenced blocks, `code`, **bold** and
# links. Comments and the paragraph of links at the top are left out. A form of Markdown that it does not know ends it.

function fail(why) {
    printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
    failed = 1
    exit 1
}

# A text in which nothing is special to scdoc any more.
function escaped(text) {
    gsub(/[][\\*_`#<>~]/, "\\\\&", text)
    return text
}

# `code`, and with two backquotes round it a code that holds one. Table cells escape | in it.
function code(text, mark,    end) {
    end = index(text, mark)
    if (end == 0)
        fail("a backquote has no partner")
    rest = substr(text, end + length(mark))
    text = substr(text, 1, end - 1)
    if (length(mark) == 2)
        gsub(/^ | $/, "", text)
    return "*" escaped(text) "*"
}

# The text of [text](target); where the target is belongs to the page that is read in a browser.
function link(text,    end, behind, made) {
    end = match(text, /\]\([^)]*\)/)
    behind = substr(text, end + RLENGTH)
    made = inline(substr(text, 2, end - 2))
    rest = behind
    return made
}

# Leaves in `rest` what stands behind the last mark that it took: a caller of link or code goes on there.
function inline(text,    made, at, tail) {
    gsub(/\\\|/, "|", text)
    made = ""
    while ((at = match(text, /``|`|\*\*|\*[a-z]+\*|\[[^]]*\]\(/)) > 0) {
        made = made escaped(substr(text, 1, at - 1))
        if (substr(text, at, 2) == "``")
            made = made code(substr(text, at + 2), "``")
        else if (substr(text, at, 1) == "`")
            made = made code(substr(text, at + 1), "`")
        else if (substr(text, at, 1) == "[")
            made = made link(substr(text, at))
        else if (substr(text, at, 2) != "**") {
            made = made "_" substr(text, at + 1, RLENGTH - 2) "_"
            rest = substr(text, at + RLENGTH)
        } else {
            tail = substr(text, at + 2)
            at = index(tail, "**")
            if (at == 0)
                fail("** has no partner")
            made = made "*" escaped(substr(tail, 1, at - 1)) "*"
            rest = substr(tail, at + 2)
        }
        text = rest
    }
    return made escaped(text)
}

function end_paragraph() {
    if (paragraph != "")
        print (is_item ? "- " : "") inline(paragraph) (is_item ? "" : "\n")
    was_item = is_item && paragraph != ""
    paragraph = ""
    is_item = 0
}

# The cells of | a | b |, of which \| is no border; returns how many there are.
function split_row(line, cells,    count, i) {
    gsub(/\\\|/, "\001", line)
    sub(/^\| */, "", line)
    sub(/ *\|$/, "", line)
    count = split(line, cells, / *\| */)
    for (i = 1; i <= count; i++)
        gsub(/\001/, "|", cells[i])
    return count
}

# A table becomes a list: the first cell of a row, and indented under it the others, behind what heads their columns when
# there are several. (The tables of roff are as wide as the screen, and break at the ends of pages that nobody sees.)
function end_table(    i, j, count, cells, heads, text) {
    if (row_count > 0)
        split_row(rows[1], heads)
    for (i = 3; i <= row_count; i++) {
        count = split_row(rows[i], cells)
        text = ""
        for (j = 2; j <= count; j++)
            if (cells[j] != "")
                text = text (text == "" ? "" : "; ") (count > 2 && heads[j] != "" ? heads[j] ": " : "") inline(cells[j])
        print inline(cells[1]) (text == "" ? "" : "\n\t" text) "\n"
    }
    row_count = 0
}

BEGIN {
    print "ssql(7)\n\n# NAME\n\nssql - the language SSQL, a small typed SQL\n\n# DESCRIPTION\n"
}

/^```/ {
    end_paragraph()
    print "```"
    if (inside)
        print ""
    inside = !inside
    next
}
inside { gsub(/\\/, "&&"); print; next }
!/^\|/ { end_table() }
/^# / || /^<!-- .* -->$/ { next }
/^## / { end_paragraph(); print "# " toupper(substr($0, 4)) "\n"; next }
/^### / { end_paragraph(); print "## " substr($0, 5) "\n"; next }
/^#|^<|^    / { fail("no rule for such a line") }
/^\|/ { end_paragraph(); rows[++row_count] = $0; next }
/^$/ {
    end_paragraph()
    if (was_item)
        print ""
    is_links = 0
    next
}
/^\[[A-Z][a-z ]*\]\(#[a-z-]*\) ·/ && paragraph == "" { is_links = 1 }
is_links { next }
/^- / { end_paragraph(); is_item = 1; paragraph = substr($0, 3); next }
{ sub(/^ +/, ""); paragraph = paragraph (paragraph == "" ? "" : " ") $0 }

END {
    if (failed)
        exit 1
    end_paragraph()
    end_table()
    print "# SEE ALSO\n\n*ssql*(1), *ssql-test*(1), *libssql*(3)"
}
