#!/usr/bin/env python3
"""The checks in tools/lint can fail: each test shows one what it must find, and what it must leave alone."""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools" / "lint"))

import common  # noqa: E402
import limits  # noqa: E402
import module_edges  # noqa: E402
import pages  # noqa: E402
import places  # noqa: E402
import tidy  # noqa: E402
import units  # noqa: E402
import words  # noqa: E402


def cpp(text):
    return limits.Scanner(textwrap.dedent(text)).scan()


def lines(count, text="  call();\n"):
    return text * count


class FunctionLength(unittest.TestCase):
    def names(self, text):
        return [name for name, _, _ in cpp(text)]

    def test_measures_from_signature_to_closing_brace(self):
        self.assertEqual(cpp("int a;\n\nint sum(int x,\n        int y) {\n  return x + y;\n}\n"), [("sum", 3, 6)])

    def test_long_function_is_found_and_the_limit_itself_is_allowed(self):
        path = pathlib.PurePosixPath("src/a/b.cc")
        self.assertEqual(limits.check(path, "void f() {\n" + lines(68) + "}\n"), [])
        findings = limits.check(path, "void f() {\n" + lines(69) + "}\n")
        self.assertEqual(findings, ["src/a/b.cc:1: f has 71 lines, the limit is 70"])

    def test_members_inside_namespaces_and_classes(self):
        self.assertEqual(self.names("""
            namespace millrace::x {
            class Log final : public Base<int> {
             public:
              Log() : size_{0}, name_("n") { open(); }
              int size() const noexcept { return size_; }
             private:
              int size_{3};
            };
            auto Log::next() -> Result<int> {
              if (x) { return 1; }
              return 2;
            }
            }  // namespace
            """), ["Log", "size", "Log::next"])

    def test_constructor_with_braced_members_over_several_lines(self):
        found = cpp("Log::Log(int a)\n    : a_{a},\n      b_{1}\n{\n  open();\n}\nvoid g() {\n}\n")
        self.assertEqual(found, [("Log::Log", 1, 6), ("g", 7, 8)])

    def test_tables_and_enums_are_not_functions(self):
        self.assertEqual(self.names("""
            enum class Kind : int { a, b };
            constexpr std::array<Row, 2> kRows = {{{f(1), 2}, {3, 4}}};
            const std::map<int, int> kMap{{1, f(2)}};
            template <typename T = std::vector<int>>
            struct Pair { T a; };
            """), [])

    def test_braces_in_strings_comments_and_characters(self):
        found = cpp("""\
            void f() {  // {
              char c = '{'; auto s = "}}"; auto r = R"(} {)"; int n = 1'000;
            /* { */
            }
            void g() {}
            """)
        self.assertEqual(found, [("f", 1, 4), ("g", 5, 5)])

    def test_operators_and_lambdas_at_namespace_scope(self):
        self.assertEqual(len(cpp("bool operator==(A a, A b) {\n return true;\n}\nconst auto f = [](int x) {\n return x;\n};\n")), 2)

    def test_tests_are_named_after_their_case(self):
        self.assertEqual(self.names("TEST(Log, appends) {\n}\n"), ["TEST(Log, appends)"])

    def test_extern_c_function(self):
        self.assertEqual(self.names('extern "C" int LLVMFuzzerTestOneInput(const uint8_t* d, size_t n) {\n}\n'),
                         ["LLVMFuzzerTestOneInput"])

    def test_python_and_shell(self):
        python = "def f():\n" + lines(70, "    call()\n")
        self.assertEqual(len(limits.check(pathlib.PurePosixPath("a.py"), python)), 1)
        shell = "f() {\n" + lines(70, "  call\n") + "}\n"
        self.assertEqual(len(limits.check(pathlib.PurePosixPath("a.sh"), shell)), 1)

    def test_file_length(self):
        path = pathlib.PurePosixPath("src/a/generated/b.h")
        self.assertEqual(limits.check(path, lines(800, "int a;\n")), [])
        self.assertIn("801 lines", limits.check(path, lines(801, "int a;\n"))[0])


class Words(unittest.TestCase):
    def find(self, name, text):
        return words.check(pathlib.PurePosixPath(name), text)

    def test_unfinished_work(self):
        self.assertEqual(len(self.find("a.cc", "// TO" "DO: later\n// FIX" "ME\n")), 2)
        self.assertEqual(self.find("a.cc", "// all done\n"), [])

    def test_machine_paths(self):
        self.assertEqual(len(self.find("a.md", "see /home/" "me/x and\n/wo" "rk/x\n")), 2)
        self.assertEqual(self.find("a.md", "https://host/home/page and src/work/x and $HOME/home/x\n"), [])

    def test_debugging(self):
        self.assertEqual(len(self.find("src/broker/a.cc", '  std::cerr << "here";\n#if 0\n')), 2)
        self.assertEqual(self.find("src/server/main.cc", '  std::cerr << "usage";\n'), [])
        self.assertEqual(len(self.find("a.py", "breakpoint" "()\n")), 1)

    def test_conflict_marks(self):
        self.assertEqual(len(self.find("a.md", "<<<<<<" "< HEAD\n")), 1)


class Pages(unittest.TestCase):
    README = "[a](docs/a.md)\n"

    def find(self, **texts):
        all_pages = {"README.md": self.README, "docs/a.md": ""} | {name.replace("_", "/") + ".md": text
                                                                    for name, text in texts.items()}
        return pages.check(all_pages, lambda path: path in all_pages or path == "LICENSE")

    def test_good_links(self):
        self.assertEqual(self.find(docs_a="# Top, *level*\n[r](../README.md) [l](../LICENSE) [s](#top-level) "
                                          "[w](https://a.b/c)\n```\n[x](y)\n```\n"), [])

    def test_link_to_nowhere(self):
        self.assertEqual(self.find(docs_a="\n[b](b.md)\n"), ["docs/a.md:2: there is no docs/b.md"])

    def test_missing_heading(self):
        self.assertEqual(self.find(docs_a="[r](../README.md#top)"), ["docs/a.md:1: README.md has no heading 'top'"])

    def test_page_that_readme_leaves_out(self):
        self.assertEqual(self.find(docs_b=""), ["README.md:1: docs/b.md is not linked"])


class ModuleEdges(unittest.TestCase):
    """A small tree in a repository of its own, with one mistake at a time."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        self.write("src/base/CMakeLists.txt", "millrace_module(base)\n")
        self.write("src/base/log.h", "#pragma once\n")
        self.write("src/bytes/CMakeLists.txt", "millrace_module(bytes DEPS base)\n")
        self.write("src/bytes/view.h", '#include "base/log.h"\n')
        self.write("src/testing/CMakeLists.txt", "millrace_module(testing DEPS base bytes)\n")
        self.write("src/testing/disk.h", "#pragma once\n")
        self.write("src/wire/kafka/CMakeLists.txt", "millrace_module(wire/kafka DEPS base bytes)\n")
        self.write("src/wire/kafka/frame.h", '#include "bytes/view.h"\n')

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def findings(self):
        return module_edges.check(self.root)[0]

    def test_clean_tree(self):
        self.assertEqual(self.findings(), [])

    def test_include_that_is_not_declared(self):
        self.write("src/wire/kafka/a.cc", '#include "testing/disk.h"\n')
        self.assertIn("does not declare testing", self.findings()[0])

    def test_declared_edge_that_the_architecture_forbids(self):
        self.write("src/bytes/CMakeLists.txt", "millrace_module(bytes DEPS base wire/kafka)\n")
        self.assertEqual(self.findings(), ["src/bytes/CMakeLists.txt:1: bytes must not depend on wire/kafka"])

    def test_gateway_must_not_know_another_protocol(self):
        self.write("src/gateway/amqp/CMakeLists.txt", "millrace_module(gateway/amqp DEPS base wire/kafka)\n")
        self.assertIn("must not depend on wire/kafka", self.findings()[0])
        self.write("src/gateway/amqp/CMakeLists.txt", "millrace_module(gateway/amqp DEPS base)\n")
        self.assertEqual(self.findings(), [])

    def test_fakes_are_for_tests_only(self):
        self.write("src/bytes/CMakeLists.txt", "millrace_module(bytes DEPS base TEST_DEPS testing)\n")
        self.write("src/bytes/view_test.cc", '#include "testing/disk.h"\n')
        self.assertEqual(self.findings(), [])
        self.write("src/bytes/view.cc", '#include "testing/disk.h"\n')
        self.assertEqual(len(self.findings()), 1)

    def test_module_outside_the_table_and_header_that_does_not_exist(self):
        self.write("src/extra/CMakeLists.txt", "millrace_module(extra DEPS base)\n")
        self.write("src/base/log.cc", '#include "base/nothing.h"\n')
        found = "\n".join(self.findings())
        self.assertIn("module extra is not in the architecture's table", found)
        self.assertIn('"base/nothing.h" is not a header of a module', found)

    def test_outside_libraries(self):
        self.write("src/bytes/net.cc", "#include <boost/asio.hpp>\n#include <gtest/gtest.h>\n")
        self.write("src/bytes/net_test.cc", "#include <gtest/gtest.h>\n")
        self.assertEqual(len(self.findings()), 2)

    def test_commented_include_does_not_count(self):
        self.write("src/base/log.cc", '// #include "bytes/view.h"\n/*\n#include "bytes/view.h"\n*/\n')
        self.assertEqual(self.findings(), [])

    def test_core_uses_no_clock_and_no_protocol_word(self):
        self.write("src/model/CMakeLists.txt", "millrace_module(model DEPS base)\n")
        self.write("src/model/a.cc", "auto t = std::chrono::steady_clock::now();\nint kafka_offset;\n// Kafka layout\n")
        found = self.findings()
        self.assertEqual(len(found), 2)
        self.assertIn("src/model/a.cc:1: model must not use a real clock", found[0])
        self.assertIn("src/model/a.cc:2: model must not use a protocol's word", found[1])

    def test_examples_use_the_client_only(self):
        self.write("examples/order/a.cc", '#include "bytes/view.h"\n')
        self.assertIn("examples must not include bytes/view.h", self.findings()[0])


class ResultCache(unittest.TestCase):
    def test_key_changes_with_a_reached_header_and_only_then(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/a").mkdir(parents=True)
            (root / "src/a/x.cc").write_text('#include "a/x.h"\n')
            (root / "src/a/x.h").write_text('#include "a/y.h"\n')
            (root / "src/a/y.h").write_text("int y;\n")
            (root / "src/a/z.h").write_text("int z;\n")
            first = common.ClosureHash(root).of("src/a/x.cc")
            (root / "src/a/z.h").write_text("int other;\n")
            self.assertEqual(common.ClosureHash(root).of("src/a/x.cc"), first)
            (root / "src/a/y.h").write_text("int changed;\n")
            self.assertNotEqual(common.ClosureHash(root).of("src/a/x.cc"), first)
            self.assertNotEqual(common.ClosureHash(root, salt="2").of("src/a/z.h"), common.ClosureHash(root).of("src/a/z.h"))


class Units(unittest.TestCase):
    HELPER = textwrap.dedent("""
        #include "a.h"
        namespace millrace::x {
        namespace {
        constexpr int kLimit = 3;
        struct Work { int fill = kLimit; };
        std::map<int, Work> fill(const Work& work, int more = 2) { return {{more, work}}; }
        }  // namespace
        void run() { fill(Work{}).at(2).fill = other::kLimit; }
        void Public::close() {}
        }  // namespace millrace::x
        """)

    def test_names_that_a_file_declares(self):
        self.assertEqual(units.scope_names(self.HELPER), {
            "millrace::x::kLimit": "own", "millrace::x::Work": "own", "millrace::x::fill": "own", "millrace::x::run": "shared"})
        self.assertEqual(units.scope_names("#define LOG(x) x\nint main() {}\nTEST(A, B) {\n}\nextern \"C\" { int f() {} }\n"),
                         {"LOG": "fixed", "main": "fixed", "f": "shared"})

    def test_second_file_with_a_helper_of_its_own_gets_another_name_for_it(self):
        (first, second), = units.pack([("a.cc", 0, self.HELPER), ("b.cc", 0, self.HELPER)])
        self.assertEqual(first, ("a.cc", self.HELPER))
        self.assertIn("struct Work2 { int fill2 = kLimit2; };", second[1])
        self.assertIn("fill2(Work2{}).at(2).fill = other::kLimit;", second[1])

    def test_what_clashes_and_what_is_of_another_kind_goes_elsewhere(self):
        packed = units.pack([("a.cc", 0, "int main() {}\n"), ("b.cc", 0, "int main() {}\n"), ("c.cc", 1, "int c;\n"),
                             ("d.cc", 0, "int d;\n")])
        self.assertEqual([[path for path, _ in unit] for unit in packed], [["a.cc", "d.cc"], ["b.cc"], ["c.cc"]])

    def test_words_about_a_unit_name_the_file(self):
        joined = units.Joined([("src/a.cc", "int a;\nint b;"), ("src/c.cc", "int c;\nint d;\n")])
        self.assertEqual(joined.text, "int a;\nint b;\nint c;\nint d;\n")
        self.assertEqual(joined.translate("/b/unit.cc:4:5: error: no\n    4 | int d;\n/s/a.h:9:1: note: here\n    9 | int x;",
                                          "/b/unit.cc"),
                         "src/c.cc:2:5: error: no\n    2 | int d;\n/s/a.h:9:1: note: here\n    9 | int x;")


class Tidy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def check(self, **files):
        parts = []
        for name, text in files.items():
            path = pathlib.Path("src/broker") / f"{name}.cc"
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(textwrap.dedent(text))
            parts.append((path, textwrap.dedent(text)))
        checker = tidy.Checker({path: ["-std=c++23"] for path, _ in parts}, self.root / "build", root=self.root, extra=[])
        return checker.check(parts)

    def test_flags_for_clang(self):
        words_in = "c++ -I/s/src -isystem /o -DA=1 -Wall -Winvalid-pch -include /b/p.hxx -std=c++23 -o a.o -c /s/a.cc".split()
        self.assertEqual(tidy.clang_flags(words_in), ["-I/s/src", "-isystem", "/o", "-DA=1", "-std=c++23"])

    def test_only_what_comes_from_outside_is_analyzed(self):
        self.assertNotIn("clang-analyzer", tidy.checks_of(pathlib.Path("src/wire/kafka/reader.cc")))
        self.assertIn("-clang-analyzer", tidy.checks_of(pathlib.Path("src/broker/queue.cc")))
        self.assertIn("-clang-analyzer", tidy.checks_of(pathlib.Path("src/wire/kafka/reader_test.cc")))

    def test_a_build_that_names_no_source_is_no_pass(self):
        (self.root / "compile_commands.json").write_text(json.dumps([{
            "directory": str(self.root), "file": str(self.root / "Unity" / "unity_0_cxx.cxx"),
            "command": "c++ -c Unity/unity_0_cxx.cxx"}]))
        script = pathlib.Path(tidy.__file__)
        run = subprocess.run([sys.executable, script, "--build", self.root], capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("names no source", run.stderr)

    def test_finding_in_the_second_file_is_found_there(self):
        self.assertEqual(self.check(a="int first() { return 1; }\n", b="int second() { return 2; }\n"), "")
        words_out = self.check(a="int first() { return 1; }\n", b="\nint Second() { return 2; }\n")
        self.assertRegex(words_out, r"^src/broker/b\.cc:2:5: error: .*readability-identifier-naming")

    def test_file_that_does_not_compile_with_others_is_checked_alone(self):
        with contextlib.redirect_stderr(io.StringIO()) as notes:
            words_out = self.check(a="extern int x;\nint* nothing() { return 0; }\n", b="extern long x;\nint* never() { return 0; }\n")
        self.assertIn("checked alone", notes.getvalue())
        self.assertRegex(words_out, r"src/broker/a\.cc:2:.*modernize-use-nullptr")
        self.assertRegex(words_out, r"src/broker/b\.cc:2:.*modernize-use-nullptr")
        self.assertNotIn("diagnostic", words_out)

    def test_file_that_does_not_compile_at_all_is_a_finding(self):
        self.assertIn("clang-diagnostic-error", self.check(a="int a = b;\n"))


class Places(unittest.TestCase):
    PAGE = """# Architecture
## Where does a publish go
1. `broker/router.cc: Router::route` yields the
   queues; `Queue::append` stores.
2. `storage/rounds.cc: try_start` goes on, `storage::Log::read_end` tells.
## Where does a fetch go
1. `broker/fetch.h: Fetch` reads.

A word about `broker/fetch.h`.
## Other
1. Nothing is named here.
"""
    SOURCES = {
        "src/broker/router.cc": "const Route&\nRouter::route(int a) {\n}\nvoid Queue::append() { go(); }\n",
        "src/broker/fetch.h": "class Fetch {\n};\n",
        "src/storage/rounds.cc": "bool StoreImpl::try_start() {\n}\n",
        "src/storage/log.h": "class Log {\n public:\n  virtual Offset read_end() const = 0;\n};\n",
    }

    def check(self, change=(), **sources):
        return places.check(self.PAGE.replace(*change) if change else self.PAGE,
                            {**self.SOURCES, **{f"src/{path}": text for path, text in sources.items()}})

    def test_what_is_there_is_no_finding(self):
        self.assertEqual(self.check(), [])

    def test_missing_file(self):
        self.assertEqual(self.check(("broker/router.cc", "broker/route.cc")), ["ARCHITECTURE.md:3: there is no src/broker/route.cc"])
        self.assertEqual(self.check(("`broker/fetch.h`", "`broker/gone.h`")), ["ARCHITECTURE.md:9: there is no src/broker/gone.h"])

    def test_function_that_the_file_does_not_define(self):
        missing = ["ARCHITECTURE.md:3: src/broker/router.cc has no Router::route"]
        self.assertEqual(self.check(**{"broker/router.cc": "void Queue::append() { Router::route(1); }\n"}), missing)
        self.assertEqual(self.check(**{"broker/router.cc": "// Router::route(\nvoid Queue::append() {}\n"}), missing)
        self.assertEqual(self.check(**{"broker/router.cc": "int Other::route() {}\nvoid Queue::append() {}\n"}), missing)

    def test_class_that_the_file_does_not_have(self):
        self.assertEqual(self.check(**{"broker/fetch.h": "class Fetcher {};\n"}),
                         ["ARCHITECTURE.md:7: src/broker/fetch.h has no Fetch"])

    def test_name_without_a_file(self):
        self.assertEqual(self.check(("Queue::append", "Queue::add")), ["ARCHITECTURE.md:4: nothing in src/ is a Queue::add"])
        self.assertEqual(self.check(**{"storage/log.h": "class Log {};\n"}),
                         ["ARCHITECTURE.md:5: nothing in src/ is a storage::Log::read_end"])

    def test_steps(self):
        self.assertEqual(self.check(("`storage/rounds.cc: try_start`", "It")), ["ARCHITECTURE.md:5: this step names no `file: function`"])
        self.assertEqual(self.check(("1. `broker/fetch.h", "- `broker/fetch.h")),
                         ["ARCHITECTURE.md:6: 'Where does a fetch go' has 0 steps, 1 to 12 are wanted"])


class StripCpp(unittest.TestCase):
    def test_keeps_lines_and_columns(self):
        text = 'int a; /* x\n y */ int b; // z\nauto s = "q//";\n'
        stripped = common.strip_cpp(text)
        self.assertEqual(len(stripped), len(text))
        self.assertEqual(stripped.count("\n"), text.count("\n"))
        self.assertEqual(stripped.index("int b"), text.index("int b"))
        self.assertNotIn("q//", stripped)


if __name__ == "__main__":
    unittest.main()
