// SPDX-License-Identifier: Apache-2.0
#include "intake/record_maker.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

Mapping MustParse(const std::string& toml) {
  auto mapping = Mapping::Parse(toml, "m.toml");
  EXPECT_TRUE(mapping.has_value()) << (mapping ? "" : mapping.error().message);
  return mapping ? std::move(*mapping) : Mapping{};
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What one row with these fields becomes.
RecordKeeper Made(const Mapping& mapping, const Fields& fields, std::string_view type = "") {
  RecordKeeper keeper;
  RecordMaker maker("f", mapping, keeper);
  NamedCells cells(mapping);
  for (const auto& [column, text] : fields) cells.Set(column, text);
  const auto made = maker.Make({.type = type, .cells = cells.cells(), .line = 3, .raw = "raw"});
  EXPECT_TRUE(made.has_value());
  EXPECT_EQ(made.value_or(-1), static_cast<int>(keeper.records.size() + keeper.rejected.size()));
  return keeper;
}

std::string Head(const std::string& more = "") {
  return "[file]\npattern = \"*\"\ndate = \"yyyy-mm-dd\"\ndecimal = \",.\"\npatient = \"p\"\n" +
         more + "[[record]]\nkind = \"observation\"\nid = \"p\"\ncode = { code = \"x\" }\n";
}

TEST(RecordMaker, ReadsOneTextByTwoPatternsInOneRow) {
  const Mapping mapping = MustParse(
      "[file]\npattern = \"*\"\npatient = \"p\"\n[[record]]\nkind = \"observation\"\nid = \"p\"\n"
      "code = { code = \"x\" }\nstart = { column = \"a\", pattern = \"dd.mm.yyyy\" }\n"
      "end = { column = \"b\", pattern = \"mm.dd.yyyy\" }\n");
  RecordKeeper keeper;
  RecordMaker maker("f", mapping, keeper);
  NamedCells cells(mapping);
  for (const char* day : {"01.02.2024", "01.02.2024", "13.02.2024", "03.04.2024"}) {
    cells.Clear();
    for (const char* column : {"a", "b"}) cells.Set(column, day);
    cells.Set("p", "1");
    EXPECT_TRUE(
        maker.Make({.type = {}, .cells = cells.cells(), .line = 3, .raw = "raw"}).has_value());
  }
  ASSERT_EQ(keeper.records.size(), 3u);
  EXPECT_EQ(keeper.Rules(), std::vector<std::string>{"date.invalid@3"});  // no month 13
  for (const SourceRecord& record : keeper.records) {
    EXPECT_EQ(record.start->month, record.end->day);
    EXPECT_EQ(record.start->day, record.end->month);
  }
  EXPECT_EQ(keeper.records[2].start->day, 3);
}

TEST(RecordMaker, TellsADayFromAnotherAndInventsNone) {
  using P = SourceTime::Precision;
  const Mapping mapping =
      MustParse(Head() +
                "start = [ { column = \"day\", plus_days = \"after\", minus_days = \"before\" },\n"
                "          { column = \"month\", pattern = \"mm/yyyy\", plus_days = \"after\", "
                "minus_days = \"before\" } ]\n");
  struct Case {
    const char *column, *text, *after, *before;
    int year, month, day;
    P precision;
  };
  const Case cases[] = {
      {"day", "2024-02-28", "2", "0", 2024, 3, 1, P::kDay},
      {"day", "2024-01-03", "0", "5", 2023, 12, 29, P::kDay},
      {"day", "2024-01-03", "-3", "0", 2023, 12, 31, P::kDay},
      {"month", "02/2024", "0", "0", 2024, 2, 1, P::kMonth},
      {"month", "02/2024", "+10", "0", 2024, 1, 1, P::kYear},  // February or March
      {"month", "03/2024", "31", "0", 2024, 1, 1, P::kYear},
  };
  for (const Case& c : cases) {
    const RecordKeeper keeper =
        Made(mapping, {{"p", "1"}, {c.column, c.text}, {"after", c.after}, {"before", c.before}});
    ASSERT_EQ(keeper.records.size(), 1u) << c.text << c.after;
    const SourceTime& time = *keeper.records[0].start;
    EXPECT_EQ(time.year, c.year) << c.text << c.after;
    EXPECT_EQ(time.month, c.month) << c.text << c.after;
    EXPECT_EQ(time.day, c.day) << c.text << c.after;
    EXPECT_EQ(time.precision, c.precision) << c.text << c.after;
  }
}

TEST(RecordMaker, QuarantinesADayThatCannotBeTold) {
  const Mapping mapping = MustParse(
      Head() + "start = { column = \"month\", pattern = \"mm/yyyy\", plus_days = \"after\" }\n");
  const auto rule = [&](const char* month, const char* after) {
    const RecordKeeper keeper = Made(mapping, {{"p", "1"}, {"month", month}, {"after", after}});
    return keeper.rejected.empty() ? std::string() : keeper.rejected[0].rule;
  };
  EXPECT_EQ(rule("12/2024", "10"), "date.ambiguous");
  EXPECT_EQ(rule("12/2024", "1,5"), "date.invalid");
  EXPECT_EQ(rule("12/2024", "999999"), "date.invalid");
  EXPECT_EQ(rule("13/2024", "1"), "date.invalid");
  const Mapping two =
      MustParse(Head() +
                "start = [ { column = \"month\", pattern = \"mm/yyyy\", plus_days = "
                "\"after\" }, \"day\" ]\n");
  const RecordKeeper other = Made(two, {{"p", "1"}, {"month", "12/2024"}, {"day", "2024-12-05"}});
  ASSERT_EQ(other.records.size(), 1u);
  EXPECT_EQ(other.records[0].start->day, 5) << "without the days, the other alternative";
  const RecordKeeper without = Made(mapping, {{"p", "1"}, {"month", "12/2024"}});
  ASSERT_EQ(without.records.size(), 1u);
  EXPECT_FALSE(without.records[0].start.has_value());
}

TEST(RecordMaker, TakesTheFirstAlternativeThatIsThere) {
  const Mapping mapping =
      MustParse(Head("hide = [\"name\"]\n") +
                "patient = [\"number\", \"{name}/{born}\"]\n"
                "value = { column = [\"result\", \"text\"], words = [\"n.n.\"] }\n");
  struct Case {
    Fields fields;
    const char* patient;
    const char* value;
  };
  const Case cases[] = {
      {{{"p", "i"}, {"number", "7"}, {"name", "Weber"}, {"born", "1950"}, {"result", "12,5"}},
       "7",
       "12,5"},
      {{{"p", "i"}, {"name", "Weber"}, {"born", "1950"}, {"text", "n.n."}}, "Weber/1950", "n.n."},
      {{{"p", "i"}, {"number", "7"}, {"result", "1.5"}, {"text", "note"}}, "7", "1.5"}};
  for (const Case& c : cases) {
    const RecordKeeper keeper = Made(mapping, c.fields);
    ASSERT_EQ(keeper.records.size(), 1u) << c.value;
    EXPECT_EQ(keeper.records[0].patient_id, c.patient);
    EXPECT_EQ(keeper.records[0].value->text, c.value);
  }
  const RecordKeeper named = Made(mapping, cases[0].fields);
  EXPECT_EQ(named.records[0].identity_words, std::vector<std::string>{"Weber"});
  EXPECT_EQ(named.records[0].value->number, 12.5);
  const RecordKeeper nobody = Made(mapping, {{"p", "i"}, {"born", "1950"}, {"result", "1"}});
  EXPECT_EQ(nobody.Rules(), std::vector<std::string>{"patient.missing@3"});
}

TEST(RecordMaker, MakesRecordsOfTheirOwnRowsOnly) {
  const Mapping mapping = MustParse(R"(
[file]
pattern = "*"
format = "ldt2"
date = "yyyymmdd"
patient = "3000"
[[record]]
kind = "person"
per = "report"
id = "3000"
[[record]]
kind = "measurement"
per = "result"
id = "{3000}/{8410}"
code = { column = "8410" }
value = "8420"
)");
  const Fields fields = {{"3000", "1"}, {"8410", "CRP"}, {"8420", "1"}, {"8480", "unused"}};
  EXPECT_EQ(Made(mapping, fields, "report").records[0].kind, RecordKind::kPerson);
  EXPECT_EQ(Made(mapping, fields, "result").records[0].kind, RecordKind::kMeasurement);
  EXPECT_TRUE(Made(mapping, fields, "other").records.empty());
}

TEST(RecordMaker, KeepsWhatIsSaidTwiceAndDropsMissingWords) {
  const Mapping mapping =
      MustParse(Head("missing = [\"ND\"]\n") + "value = { column = \"v\", type = \"text\" }\n");
  EXPECT_EQ(
      Made(mapping, {{"p", "1"}, {"v", " a "}, {"v", "ND"}, {"v", "b"}}).records[0].value->text,
      "a\nb");
  EXPECT_TRUE(Made(mapping, {{"p", "1"}, {"v", "ND"}}).records.empty());
}

TEST(RecordMaker, IsToldByAMappingThatIsChecked) {
  struct Case {
    const char* toml;
    const char* message;
  };
  const std::string head = "[file]\npattern = \"*\"\npatient = \"p\"\n";
  const Case cases[] = {
      {"format = \"ldt4\"\n", "format: found \"ldt4\", expected one of: csv, ldt2, ldt3, hprim"},
      {"format = \"ldt2\"\ndelimiter = \";\"\n", "unknown key file.delimiter"},
      {"decimal = \",;\"\n", "decimal: expected"},
      {"[[record]]\nkind = \"person\"\nper = \"result\"\nid = \"p\"\n", "per: expected none"},
      {"format = \"hprim\"\n[[record]]\nkind = \"person\"\nper = \"OBZ\"\nid = \"p\"\n",
       "per: found \"OBZ\", expected one of: P, OBR, OBX"},
      {"format = \"sphn\"\n[[record]]\nkind = \"person\"\nid = \"p\"\n", "found no per"},
      {"[[record]]\nkind = \"person\"\nid = [\"p\", [\"q\"]]\n", "expected no list in a list"}};
  for (const Case& c : cases) {
    const auto mapping = Mapping::Parse(head + c.toml, "m.toml");
    ASSERT_FALSE(mapping.has_value()) << c.toml;
    EXPECT_NE(mapping.error().message.find(c.message), std::string::npos)
        << mapping.error().message;
  }
}

}  // namespace
}  // namespace clinnova::intake
