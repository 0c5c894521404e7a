"""What the screen shows while somebody types: colours, wrapped rows, wide characters, resizing, pastes, odd terminals.
The shell runs in tmux, whose screen is looked at."""

import os
import re
import subprocess
import time
import unittest

from shell import PROGRAM, ShellTest

KEYWORD, STRING, NUMBER, COMMENT, WRONG, MATCH, COMMAND = "1;34", "32", "36", "2", "1;31", "1;7", "1;35"


class Screen(ShellTest):
    def setUp(self):
        super().setUp()
        self.sockets = []
        self.environment["PAGER"] = "cat"

    def tearDown(self):
        for self.socket in self.sockets:
            self.tmux("kill-server", check=False)
        super().tearDown()

    def tmux(self, *arguments, check=True):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], env=self.environment,
                              capture_output=True, check=check, timeout=20)
        return done.stdout.decode()

    def open(self, *arguments, width=60, height=16, terminal="screen-256color", prompt="ssql>", clear=("NO_COLOR",)):
        """Starts the shell; when it has ended, the screen says with which status."""
        self.socket = self.path("tmux%d" % len(self.sockets)) # a server that is just ending is none to talk to
        self.sockets.append(self.socket)
        settings = "".join("unset %s; " % name for name in clear) + "export TERM=%s; " % terminal
        command = settings + " ".join("'%s'" % word for word in (PROGRAM, *arguments)) + "; echo STATUS $?; sleep 100"
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), "-c", self.folder, command)
        self.wait(lambda screen: screen.endswith(prompt))

    def screen(self):
        """The rows without blanks at their ends, down to the last that is not empty."""
        return "\n".join(row.rstrip() for row in self.tmux("capture-pane", "-p").split("\n")).rstrip("\n")

    def styles(self):
        """The same, with each run of a style as <style|text>."""
        rows = []
        for row in self.tmux("capture-pane", "-p", "-e").rstrip("\n").split("\n"):
            rows.append(row)
        text, style, out = "\n".join(rows), "", []
        for part in re.split(r"(\x1b\[[0-9;]*m)", text):
            match = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if match is None:
                out.append("<%s|%s>" % (style, part) if style and part else part)
                continue
            for code in match.group(1).split(";"):
                if code in ("", "0"):
                    style = ""
                elif code not in ("39", "49"):
                    style = style + ";" + code if style else code
                elif code == "39":
                    style = ";".join(each for each in style.split(";") if not each.startswith("3"))
        return "".join(out)

    def cursor(self):
        return tuple(int(n) for n in self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split())

    def wait(self, holds, look=None):
        """Waits until what `look` gives (the screen) is as wanted; gives it."""
        end = time.monotonic() + 15
        while True:
            seen = (look or self.screen)()
            if holds(seen):
                return seen
            if time.monotonic() > end:
                self.fail("the screen shows:\n" + str(seen))
            time.sleep(0.03)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text[:-1] + "\\;" if text.endswith(";") else text)

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def expect(self, text):
        return self.wait(lambda screen: text in screen)

    def expect_styles(self, text):
        return self.wait(lambda styles: text in styles, self.styles)

    def expect_cursor(self, x, y):
        self.wait(lambda place: place == (x, y), self.cursor)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def drop(self):
        """Ctrl-C; what is typed before the new prompt is there belongs to nobody."""
        self.keys("C-c")
        self.wait(lambda screen: re.search(r"\^\n?C\n[^\n]*>\Z", screen))

    def leave(self):
        self.keys("C-d")
        self.expect("STATUS 0")


class Colours(Screen):
    def test_each_token_has_its_colour(self):
        self.open("-q")
        self.type("select 'x', 12 -- z")
        self.expect_styles("ssql> <%s|select> <%s|'x'>, <%s|12> <%s|-- z>" % (KEYWORD, STRING, NUMBER, COMMENT))
        self.drop()
        self.type(".mode")
        self.expect_styles("<%s|.mode>" % COMMAND)
        self.drop()
        self.leave()

    def test_what_has_no_partner_is_red_and_a_partner_is_shown(self):
        self.open("-q")
        self.type("select (1")
        self.expect_styles("<%s|(><%s|1>" % (WRONG, NUMBER))
        self.type(")")
        self.expect_styles("<%s|(><%s|1><%s|)>" % (MATCH, NUMBER, MATCH))
        self.type(" ")
        self.expect_styles(" (<%s|1>)" % NUMBER)
        self.keys("Left", "Left", "Left", "Left")
        self.expect_styles("<%s|(><%s|1><%s|)>" % (MATCH, NUMBER, MATCH))
        self.keys("C-e")
        self.type("} 'open")
        self.expect_styles("<%s|}> <%s|'><%s|open>" % (WRONG, WRONG, STRING))
        self.drop()
        self.leave()

    def test_no_bracket_is_pointed_at_once_the_text_is_run(self):
        self.open("-q")
        self.type("select (1) as a, (2);")
        self.keys("BSpace")
        self.expect_styles("<%s|(>" % MATCH)
        self.type(";")
        self.keys("Enter")
        self.expect("└")
        self.assertNotIn(MATCH, self.styles())
        self.leave()

    def test_no_colour_when_it_is_not_wanted(self):
        for arguments in ({"clear": (), "terminal": "screen-256color NO_COLOR=1"}, {"terminal": "dumb"}):
            self.open("-q", **arguments)
            self.type("select 'x")
            self.expect("select 'x")
            self.assertNotIn("|select>", self.styles())
        self.open("-q", "--color", "never")
        self.type("select 'x")
        self.expect("select 'x")
        self.assertNotIn("|select>", self.styles())


class Rows(Screen):
    def test_long_lines_are_wrapped_and_keep_their_colours(self):
        self.open("-q", width=20)
        self.type("select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 12345678")
        self.assertEqual(self.wait(lambda screen: "678" in screen), "ssql> select 'aaaaaa\naaaaaaaaaaaaaaaaaaaa\naaaa', 12345678")
        self.assertIn("<%s|'aaaaaa\naaaaaaaaaaaaaaaaaaaa\naaaa'>" % STRING, self.styles())
        self.keys("C-a")
        self.expect_cursor(6, 0)
        self.keys("C-e")
        self.expect_cursor(15, 2)
        self.type("90123")
        self.expect_cursor(0, 3)
        self.keys("BSpace")
        self.expect_cursor(19, 2)
        self.drop()
        self.leave()

    def test_wide_characters_and_clusters(self):
        self.open("-q", width=20)
        self.type("select '日本語日本語'")
        self.expect("ssql> select '日本語\n日本語'")
        self.expect_cursor(7, 1)
        self.keys("Left", "Left")
        self.expect_cursor(4, 1)
        self.keys("C-a", "C-k")
        self.expect_cursor(6, 0)
        self.type("'e\u0301'")
        self.expect_cursor(9, 0)
        self.drop()
        self.leave()

    def test_keys_move_within_a_text_of_several_lines(self):
        self.open("-q")
        self.type("select 12345")
        self.keys("Enter")
        self.type("as a;")
        self.keys("Up")
        self.expect_cursor(11, 0)
        self.type("X")
        self.expect("ssql> selecXt 12345\n ...> as a;")
        self.keys("BSpace", "Down", "End")
        self.expect_cursor(11, 1)
        self.keys("Enter")
        self.expect("│ 12345 │")
        self.leave()

    def test_a_text_longer_than_the_screen_is_shown_round_the_cursor(self):
        self.open("-q", height=6)
        self.type("select 100")
        for i in range(10):
            self.keys("Enter")
            self.type("+ %d" % i)
        self.wait(lambda screen: screen == "\n".join(" ...> + %d" % i for i in range(4, 10)))
        self.keys(*["Up"] * 9)
        self.wait(lambda screen: screen.split("\n")[-1] == " ...> + 4" and screen.startswith("ssql> select 100"))
        self.expect_cursor(9, 1)
        self.type("0")
        self.expect("\n ...> + 00\n")
        self.keys(*["Down"] * 9)
        self.type("0;")
        self.keys("Enter")
        self.expect(" 226 │")
        self.leave()

    def test_the_list_of_words_stands_below_and_the_text_comes_again(self):
        self.open("-q", height=24)
        self.type("create ")
        self.keys("Tab")
        screen = self.wait(lambda shown: shown.count("ssql> create") == 2)
        self.assertRegex(screen, r"ssql> create\n.*table.*\nssql> create\Z")
        self.drop()
        self.leave()


class Resizing(Screen):
    def test_the_text_is_painted_once_in_the_new_width(self):
        self.open("-q", width=40)
        self.type("select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' as a")
        self.keys("Enter")
        self.type("from t")
        self.expect("\n ...> from t")
        self.resize(25, 16)
        self.wait(lambda screen: screen.endswith("ssql> select 'aaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaaaaaa\naaaa' as a\n ...> from t"))
        self.assertEqual(self.screen().count("ssql>"), 1)
        self.resize(60, 16)
        self.wait(lambda screen: screen.endswith("ssql> select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' as a\n ...> from t"))
        self.assertEqual(self.screen().count("ssql>"), 1)
        self.type("!")
        self.expect("from t!")
        self.drop()
        self.leave()

    def test_while_a_statement_runs(self):
        self.open("-q", width=40)
        self.type(".shell sleep 0.5; echo woke")
        self.keys("Enter")
        time.sleep(0.1)
        self.resize(20, 16)
        self.wait(lambda screen: screen.endswith("woke\nssql>"))
        self.type("select 'aaaaaaaaaa")
        self.expect("\nssql> select 'aaaaaa\naaaa")
        self.drop()
        self.leave()

    def test_the_line_at_fault_is_cut_to_the_terminal(self):
        """Counted in columns: the mark stands below its token, and nothing is wrapped."""
        self.open(width=50)
        self.type("select '%s', 1 2, '%s';" % ("世界" * 30, "世界" * 30))
        self.keys("Enter")
        rows = self.wait(lambda screen: "is a comma missing" in screen and screen.endswith("ssql>")).split("\n")
        mark = next(i for i, row in enumerate(rows) if row.strip() == "^")
        line, wide = rows[mark - 1], re.compile("[世界]")
        self.assertTrue(line.startswith("  ...") and line.endswith("..."), line)
        self.assertLessEqual(len(wide.sub("ww", line)), 50)
        self.assertGreater(len(wide.sub("ww", line)), 45)
        self.assertEqual(len(wide.sub("ww", line[:line.index("1 2") + 2])), rows[mark].index("^"))

    def test_a_terminal_of_one_column(self):
        self.open("-q", width=1, height=40, prompt=">")
        self.type("select '日' as a;")
        self.wait(lambda screen: screen.endswith("a\n\na\ns\n\na\n;") or screen.endswith("\na\n;"))
        self.resize(40, 40)
        self.expect("ssql> select '日' as a;")
        self.keys("Enter")
        self.expect("│ 日 │")
        self.leave()

    def test_a_list_of_words_on_one_column(self):
        self.open("-q", width=1, height=40, prompt=">")
        self.type("c")
        self.keys("Tab")
        self.wait(lambda screen: screen.endswith("…") or screen.endswith("\nc"))
        self.resize(40, 40)
        self.wait(lambda screen: screen.endswith("ssql> c"))
        self.drop()
        self.leave()


class Pastes(Screen):
    def test_a_thousand_lines(self):
        lines = ["create table p (id int primary, a string);"]
        lines += ["insert into p values (%d, 'row %d');" % (i, i) for i in range(998)]
        self.write("paste", "\n".join(lines + ["select count(*) as n from p;"]))
        self.open("-q")
        self.tmux("load-buffer", self.path("paste"))
        begin = time.monotonic()
        self.tmux("paste-buffer", "-p")
        self.wait(lambda screen: screen.endswith(" ...> select count(*) as n from p;"))
        self.assertLess(time.monotonic() - begin, 5)
        self.keys("Enter")
        self.expect("│ 998 │")
        self.keys("Up")
        self.wait(lambda screen: screen.endswith(" ...> select count(*) as n from p;"))
        self.drop()
        self.leave()


class PlainTerminals(Screen):
    def test_a_terminal_that_cannot_move_the_cursor(self):
        self.open("-q", terminal="dumb")
        self.type("sel")
        self.keys("Tab")
        self.type("'plain' as a;")
        self.keys("Enter")
        self.expect("│ plain │")
        self.type("create ")
        self.keys("Tab")
        self.wait(lambda screen: screen.count("ssql> create") == 2)
        self.drop()
        self.leave()

    def test_without_a_terminal_type(self):
        self.open("-q", terminal="; unset TERM")
        self.type("select 'plain' as a;")
        self.keys("Enter")
        self.expect("│ plain │")
        self.leave()


if __name__ == "__main__":
    unittest.main()
