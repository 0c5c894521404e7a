# help_topics.awk - makes the table of .help from docs/language.md. A fenced block behind <!-- help: TOPIC, ... --> holds
# syntax: the lines that begin with a topic's words, and the indented ones behind them, are the topic's (all lines are
# when there is one topic). In a block behind <!-- example: TOPIC, ... -->, the first statement that begins so is the
# example, with its answer. The heading above is where to read on.

function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }

function quoted(text) {
    gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); gsub(/\n/, "\\n", text)
    return "\"" text "\""
}

function names_of(line) {
    sub(/^<!-- [a-z]+: /, "", line); sub(/ -->$/, "", line)
    return line
}

function begins_with(line, topic) {
    return substr(line, 1, length(topic)) == topic && substr(line, length(topic) + 1, 1) !~ /[a-z]/
}

function add_syntax(line,    i) {
    for (i = 1; i <= name_count; i++) {
        if (line !~ /^ /)
            takes[i] = name_count == 1 || begins_with(line, names[i])
        if (takes[i])
            syntax[names[i]] = syntax[names[i]] line "\n"
    }
}

function add_example(line,    i) {
    for (i = 1; i <= name_count; i++) {
        if (line !~ /^( |\)|}|-->)/) {
            takes[i] = example[names[i]] == "" && begins_with(line, names[i])
        }
        if (takes[i])
            example[names[i]] = example[names[i]] line "\n"
    }
}

/^## / { heading = substr($0, 4) }
/^<!-- (help|example): / {
    wanted = $2
    name_count = split(names_of($0), names, ",")
    for (i = 1; i <= name_count; i++) {
        names[i] = trim(names[i])
        if (wanted == "help:" && !(names[i] in pages)) {
            order[++topic_count] = names[i]
            pages[names[i]] = heading
        }
    }
    next
}
/^```/ {
    inside = !inside && wanted != ""
    if (!inside)
        wanted = ""
    split("", takes)
    next
}
inside && wanted == "help:" { add_syntax($0) }
inside && wanted == "example:" { add_example($0) }

END {
    print "/* Made from docs/language.md by help_topics.awk. */"
    print "#include \"shell/help.h\"\n"
    print "const struct help_topic help_topics[] = {"
    for (i = 1; i <= topic_count; i++) {
        topic = order[i]
        if (syntax[topic] == "") {
            print "docs/language.md: no syntax of the topic " topic > "/dev/stderr"
            exit 1
        }
        printf "    {%s, %s, %s, %s},\n", quoted(topic), quoted(syntax[topic]), quoted(example[topic]), quoted(pages[topic])
    }
    print "    {0, 0, 0, 0},\n};"
}
