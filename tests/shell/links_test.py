"""No dead links: every relative link of every Markdown page leads to a file that is there, and to a heading in it; every page
of docs/ can be reached from its start page."""

import os
import re
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
LEFT_OUT = {".git", "build"}


def pages():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(files):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(page):
    """Its text without what stands in fenced blocks and in code."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = re.sub(r"(?ms)^```.*?^```$", "", file.read())
    return text


def links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(`+)(?!`).*?\1", "", read(page))):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page):
    """The names that a reader of Markdown gives to headings."""
    found = set()
    for heading in re.findall(r"(?m)^#+ +(.*?) *$", read(page)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        while name in found:
            name += "-1"
        found.add(name)
    return found


class Links(unittest.TestCase):
    def test_the_rule_for_names_of_headings(self):
        self.assertIn("types-and-values", anchors("docs/language.md"))
        self.assertNotIn("types", anchors("docs/language.md"))

    def test_every_link_leads_somewhere(self):
        count = 0
        for page in pages():
            for target in links(page):
                with self.subTest(page=page, target=target):
                    count += 1
                    path, _, anchor = target.partition("#")
                    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                    self.assertTrue(os.path.exists(os.path.join(ROOT, path)), "there is no " + path)
                    if anchor:
                        self.assertIn(anchor, anchors(path))
        self.assertGreater(count, 80)

    def test_every_page_is_reached_from_the_start_page(self):
        reached = {os.path.normpath(os.path.join("docs", target.partition("#")[0])) for target in links("docs/README.md")}
        wanted = {page for page in pages() if os.path.dirname(page) == "docs"} - {"docs/README.md"}
        self.assertEqual(wanted - reached, set())
        self.assertIn("docs/README.md", {os.path.normpath(target) for target in links("README.md")})

    def test_programs_and_folders_that_the_start_page_names_are_there(self):
        with open(os.path.join(ROOT, "docs/README.md"), encoding="utf-8") as file:
            named = re.findall(r"`((?:scripts|examples|include|src)/[\w/.]+)`", file.read())
        self.assertGreater(len(named), 2)
        for path in named:
            self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)


if __name__ == "__main__":
    unittest.main()
