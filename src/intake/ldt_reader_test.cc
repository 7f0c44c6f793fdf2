// SPDX-License-Identifier: Apache-2.0
#include "intake/ldt_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "intake/record_keeper.h"
#include "intake/sha1.h"

namespace clinnova::intake {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string Line(const std::string& id, const std::string& content) {
  char length[8];
  std::snprintf(length, sizeof length, "%03zu", content.size() + 9);
  return length + id + content + "\r\n";
}

/// A record of LDT 2 with its length in 8100.
std::string Record(const std::string& type, const Fields& fields) {
  std::string rest;
  for (const auto& [id, content] : fields) rest += Line(id, content);
  const std::string head = Line("8000", type);
  char length[16];
  std::snprintf(length, sizeof length, "%05zu", head.size() + 14 + rest.size());
  return head + Line("8100", length) + rest;
}

/// A whole LDT 2 file: header, reports, trailer with the total length.
std::string File2(const std::vector<std::string>& reports, const std::string& charset = "4") {
  std::string text =
      Record("8220", {{"9212", "LDT1014.01"}, {"0201", "999999999"}, {"9106", charset}});
  for (const std::string& report : reports) text += report;
  char total[16];
  std::snprintf(total, sizeof total, "%08zu", text.size() + 44);
  return text + Record("8221", {{"9202", total}});
}

Fields Report(const Fields& results) {
  Fields fields = {{"8310", "A1"},   {"8301", "20240301"}, {"3000", "P77"}, {"3101", "Weber"},
                   {"3102", "Anna"}, {"3103", "19610705"}, {"3110", "W"},   {"8401", "E"}};
  fields.insert(fields.end(), results.begin(), results.end());
  return fields;
}

std::string File3(const std::vector<std::string>& lines) {
  std::string text = Line("8000", "8220") + Line("8132", "Kopfdaten") + Line("8002", "Obj_0032") +
                     Line("0001", "LDT3.2.20") + Line("8003", "Obj_0032") + Line("8001", "8220");
  for (const std::string& line : lines) text += line;
  text += Line("8000", "8221");
  Sha1 sum;
  sum.Update(text);
  return text + Line("9300", sum.Hex()) + Line("8001", "8221");
}

std::string Object(const std::string& role, const std::string& id, const std::string& inside) {
  return Line(role, "x") + Line("8002", id) + inside + Line("8003", id);
}

std::string Report3(const std::string& results, const std::string& materials) {
  return Line("8000", "8205") +
         Object("8145", "Obj_0045",
                Object("8147", "Obj_0047",
                       Line("3101", "Weber") + Line("3103", "19610705") + Line("3110", "W")) +
                    Line("3000", "P77")) +
         Object("8117", "Obj_0017", Line("8310", "A1")) + materials +
         Object("8135", "Obj_0035", results) + Line("8001", "8205");
}

std::string Material(const std::string& id, const std::string& day) {
  return Object(
      "8137", "Obj_0037",
      Line("7364", id) + Object("8219", "Obj_0054", Line("7278", day) + Line("7279", "083000")));
}

std::string Result3(const std::string& fields) { return Object("8160", "Obj_0060", fields); }

class LdtReaderTest : public testing::Test {
 protected:
  LdtReaderTest() {
    const auto dialect =
        LoadDialect(std::filesystem::path(CLINNOVA_SOURCE_DIR) / "mappings/de-ldt");
    EXPECT_TRUE(dialect.has_value()) << dialect.error().message;
    dialect_ = *dialect;
  }

  RecordKeeper Read(const std::string& bytes, const std::string& error = "") {
    RecordKeeper keeper;
    const auto format = LdtFormat(bytes.substr(0, 512));
    EXPECT_TRUE(format.has_value());
    const Mapping* mapping = FindMapping(dialect_, "X01.LDT", format.value_or(SourceFormat::kLdt2));
    const auto read = ReadLdt(folder_.Write("X01.LDT", bytes), "X01.LDT", *mapping, keeper);
    EXPECT_EQ(read ? "" : read.error().message, error);
    return keeper;
  }

  TestFolder folder_;
  std::vector<Mapping> dialect_;
};

TEST_F(LdtReaderTest, ReadsAReportOfLdt2) {
  const RecordKeeper keeper = Read(File2({Record("8201", Report({{"8410", "CRP"},
                                                                 {"8411", "C-reakt. Protein"},
                                                                 {"8432", "20240229"},
                                                                 {"8433", "0830"},
                                                                 {"8420", "<0,6"},
                                                                 {"8421", "mg/dl"},
                                                                 {"8462", "0,5"},
                                                                 {"8410", "BSG"},
                                                                 {"8420", "12"},
                                                                 {"8421", "mm n.W."},
                                                                 {"8410", "RF"},
                                                                 {"8420", "n.n."},
                                                                 {"8410", "XYZ"},
                                                                 {"8411", "Hausmethode"},
                                                                 {"8420", "3.5"},
                                                                 {"8410", "HB"},
                                                                 {"8418", "F"},
                                                                 {"8410", "HK"}}))}));
  EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message;
  ASSERT_EQ(keeper.Of(RecordKind::kPerson).size(), 1u);
  const SourceRecord person = keeper.Of(RecordKind::kPerson)[0];
  EXPECT_EQ(person.patient_id, "P77");
  EXPECT_EQ(person.sex, "female");
  EXPECT_EQ(person.birth->month, 7);
  EXPECT_EQ(person.identity_words, (std::vector<std::string>{"P77", "Weber", "Anna"}));
  const auto results = keeper.Of(RecordKind::kMeasurement);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].codes[0].code, "1988-5");
  EXPECT_EQ(results[0].value->comparator, "<");
  EXPECT_EQ(results[0].value->number, 0.6);
  EXPECT_EQ(results[0].value->unit, "mg/dL");
  EXPECT_EQ(results[0].value->high, 0.5);
  EXPECT_FALSE(results[0].value->low.has_value());
  EXPECT_EQ(results[0].start->minute, 30);
  EXPECT_EQ(results[0].start->day, 29);
  EXPECT_EQ(results[1].value->unit, "mm/h");
  EXPECT_EQ(results[1].start->day, 1) << "the order's day, where there is no other";
  EXPECT_EQ(results[1].id, "A1/BSG");
  EXPECT_EQ(results[2].value->text, "n.n.");
  EXPECT_FALSE(results[2].value->number.has_value());
  EXPECT_EQ(results[3].codes[0].system, "") << "a local code";
  EXPECT_EQ(results[3].codes[0].display, "Hausmethode");
  EXPECT_EQ(results[3].value->number, 3.5);
  EXPECT_EQ(keeper.ignored.at("LDT result without a value: not loaded"), 2);
}

TEST_F(LdtReaderTest, ReadsEveryCharacterSet) {
  const std::pair<const char*, const char*> cases[] = {{"1", "Tsd/\x75l M}ller"},
                                                       {"2", "\xE6l M\x81ller"},
                                                       {"3", "\xB5l M\xFCller"},
                                                       {"4", "\xB5l M\xFCller"}};
  const char* expected[] = {"Tsd/ul Müller", "µl Müller", "µl Müller", "µl Müller"};
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const RecordKeeper keeper = Read(
        File2({Record("8201", Report({{"8410", "X"}, {"8411", cases[i].second}, {"8420", "1"}}))},
              cases[i].first));
    ASSERT_EQ(keeper.Of(RecordKind::kMeasurement).size(), 1u);
    EXPECT_EQ(keeper.Of(RecordKind::kMeasurement)[0].codes[0].display, expected[i]);
  }
}

TEST_F(LdtReaderTest, ReadsAReportOfLdt3WithItsObjects) {
  const RecordKeeper keeper = Read(
      File3({Report3(Result3(Line("7364", "M2") + Line("8410", "CRP") + Line("8420", "12,4") +
                             Line("8421", "mg/l") +
                             Object("8142", "Obj_0042",
                                    Line("8461", "0") + Line("8462", "5") + Line("8421", "mg/l"))) +
                         Result3(Line("7364", "M1") + Line("8410", "HB") + Line("8420", "13.5") +
                                 Line("8421", "g/dl")) +
                         Result3(Line("8410", "ALB") + Line("8420", "38") + Line("8421", "g/l") +
                                 Object("8225", "Obj_0054", Line("7278", "20240305"))),
                     Material("M1", "20240301") + Material("M2", "20240302"))}));
  EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message;
  ASSERT_EQ(keeper.Of(RecordKind::kPerson).size(), 1u);
  EXPECT_EQ(keeper.Of(RecordKind::kPerson)[0].birth->year, 1961);
  const auto results = keeper.Of(RecordKind::kMeasurement);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].value->number, 12.4);
  EXPECT_EQ(results[0].value->unit, "mg/L") << "of the value, not of its limits";
  EXPECT_EQ(results[0].start->day, 2) << "of its own specimen";
  EXPECT_EQ(results[0].id, "A1/CRP/M2");
  EXPECT_EQ(results[1].start->day, 1);
  EXPECT_EQ(results[2].start->day, 5) << "it names none of two specimens: its own time counts";
}

TEST_F(LdtReaderTest, LosesWithABadLineWhatTheLineIsIn) {
  struct Case {
    const char* name;
    std::string line, bad;
    const char* rule;
    std::size_t measurements, persons;
  };
  const Case cases[] = {{"a value that lost a digit",
                         "0138420"
                         "12,5",
                         "0138420"
                         "12,",
                         "ldt.length", 1, 1},
                        {"no line at all",
                         "0138420"
                         "12,5",
                         "rubbish.ldt", "ldt.line", 1, 1},
                        {"a byte that is no text",
                         "0138420"
                         "12,5",
                         "0138420"
                         "12\x85"
                         "5",
                         "ldt.encoding", 1, 1},
                        {"the patient's name", "0143101Weber", "0143101Webe", "ldt.length", 0, 0},
                        {"the record's first line",
                         "0138000"
                         "8201",
                         "0138000"
                         "820",
                         "ldt.length", 0, 0},
                        {"a report's own line",
                         "0178301"
                         "20240301",
                         "0178301"
                         "2024030",
                         "ldt.length", 0, 0}};
  for (const Case& c : cases) {
    std::string bytes = File2({Record(
        "8201",
        Report(
            {{"8410", "CRP"}, {"8420", "7"}, {"8410", "HB"}, {"8411", "Hb"}, {"8420", "12,5"}}))});
    const std::size_t at = bytes.find(c.line);
    ASSERT_NE(at, std::string::npos) << c.name;
    bytes.replace(at, c.line.size(), c.bad);
    const RecordKeeper keeper = Read(bytes);
    EXPECT_EQ(keeper.Of(RecordKind::kMeasurement).size(), c.measurements) << c.name;
    EXPECT_EQ(keeper.Of(RecordKind::kPerson).size(), c.persons) << c.name;
    ASSERT_EQ(keeper.rejected.size(), 1u) << c.name;
    EXPECT_EQ(keeper.rejected[0].rule, c.rule) << c.name;
    const auto before = std::count(bytes.begin(), bytes.begin() + static_cast<long>(at), '\n');
    EXPECT_EQ(keeper.rejected[0].source.line, static_cast<std::uint64_t>(before) + 1) << c.name;
    EXPECT_EQ(keeper.rejected[0].raw.find("Webe"), std::string::npos) << "a name in quarantine";
  }
}

TEST_F(LdtReaderTest, QuarantinesAReportThatLostALine) {
  const Fields results = {{"8410", "CRP"}, {"8420", "7"}, {"8421", "mg/l"}};
  const std::string whole = Record("8201", Report(results));
  std::string cut = whole;
  cut.erase(cut.find(Line("8421", "mg/l")), Line("8421", "mg/l").size());
  std::string bytes = File2({whole, whole});
  bytes.replace(bytes.find(whole), whole.size(), cut);
  const RecordKeeper keeper = Read(bytes);
  EXPECT_EQ(keeper.Rules(), std::vector<std::string>{"ldt.record_length@6"});
  EXPECT_EQ(keeper.Of(RecordKind::kMeasurement).size(), 1u) << "the other report is whole";
}

TEST_F(LdtReaderTest, TakesNothingOfAFileThatIsNotTheOneThatWasSent) {
  const std::string report = Record("8201", Report({{"8410", "CRP"}, {"8420", "7"}}));
  std::string lost = File2({report, report});
  lost.erase(lost.find(report), report.size());
  RecordKeeper keeper = Read(lost);
  EXPECT_EQ(keeper.Rules(), std::vector<std::string>{"ldt.total_length@20"});
  EXPECT_TRUE(keeper.records.empty());

  const std::string result = Result3(Line("8410", "CRP") + Line("8420", "12"));
  std::string changed = File3({Report3(result, Material("M1", "20240301"))});
  EXPECT_EQ(Read(changed).Of(RecordKind::kMeasurement).size(), 1u);
  changed.replace(changed.find(Line("8420", "12")), Line("8420", "12").size(), Line("8420", "72"));
  keeper = Read(changed);
  ASSERT_EQ(keeper.rejected.size(), 1u);
  EXPECT_EQ(keeper.rejected[0].rule, "ldt.checksum");
  EXPECT_TRUE(keeper.records.empty());
}

TEST_F(LdtReaderTest, FailsWhereTheFileEndsTooEarly) {
  const std::string two = File2({Record("8201", Report({{"8410", "CRP"}, {"8420", "7"}}))});
  const std::string in_report = two.substr(0, two.find(Line("8410", "CRP")));
  EXPECT_TRUE(Read(in_report,
                   "X01.LDT: ends too early, after line 15, inside record 8201: nothing was "
                   "loaded")
                  .records.empty());
  const std::string three = File3({Report3(Result3(Line("8410", "CRP")), "")});
  const std::string no_end = three.substr(0, three.rfind("0138001"));
  EXPECT_FALSE(LdtFormat("01380008220").has_value()) << "not even a second line";
  Read(no_end, "X01.LDT: ends too early, after line " +
                   std::to_string(std::ranges::count(no_end, '\n')) +
                   ", inside record 8221: nothing was loaded");
}

TEST_F(LdtReaderTest, QuarantinesObjectsThatDoNotClose) {
  const std::string open = Line("8160", "x") + Line("8002", "Obj_0060") + Line("8410", "CRP");
  RecordKeeper keeper = Read(File3(
      {Report3(open, ""), Report3(Result3(Line("8410", "HB") + Line("8420", "1") +
                                          Object("8225", "Obj_0054", Line("7278", "20240305"))),
                                  "")}));
  ASSERT_EQ(keeper.rejected.size(), 1u);
  EXPECT_EQ(keeper.rejected[0].rule, "ldt.object");
  EXPECT_EQ(keeper.Of(RecordKind::kMeasurement).size(), 1u);
}

TEST_F(LdtReaderTest, ReadsAFileThatWasConvertedToLf) {
  std::string bytes = File2({Record("8201", Report({{"8410", "CRP"}, {"8420", "7"}}))});
  std::erase(bytes, '\r');
  EXPECT_EQ(Read(bytes).Of(RecordKind::kMeasurement).size(), 1u);
  bytes =
      File3({Report3(Result3(Line("8410", "CRP") + Line("8420", "1")), Material("1", "20240301"))});
  std::erase(bytes, '\r');
  EXPECT_EQ(Read(bytes).Of(RecordKind::kMeasurement).size(), 1u);
}

TEST_F(LdtReaderTest, CountsWhatIsNoReport) {
  const RecordKeeper keeper =
      Read(File2({Record("8219", Report({{"8410", "CRP"}})), Record("8201", Report({}))}));
  EXPECT_EQ(keeper.ignored.at("LDT record 8219: no report, not loaded"), 1);
  EXPECT_EQ(keeper.records.size(), 1u);
}

// A name in DIN 66003 where the file says ISO-8859-15 may be another patient's, or a test's that nobody knows.
TEST_F(LdtReaderTest, QuarantinesNamesInUmlautsOfAnotherCodePage) {
  Fields named = Report({{"8410", "CRP"}, {"8420", "3"}});
  named[3].second = "M}ller";
  const std::string reports = Record("8201", named);
  EXPECT_EQ(Read(File2({reports}, "4")).Rules(), std::vector<std::string>{"ldt.encoding@11"});
  EXPECT_TRUE(Read(File2({reports}, "4")).records.empty());
  const RecordKeeper said = Read(File2({reports}, "1"));
  EXPECT_TRUE(said.rejected.empty());
  EXPECT_EQ(said.records[0].identity_words[1], "Müller");
  const RecordKeeper test = Read(File2({Record("8201", Report({{"8410", "HB"},
                                                               {"8411", "H{moglobin"},
                                                               {"8420", "13"},
                                                               {"8410", "CRP"},
                                                               {"8411", "CRP [mg/l]"},
                                                               {"8420", "3"}}))}));
  EXPECT_EQ(test.Rules(), std::vector<std::string>{"ldt.encoding@17"});
  EXPECT_EQ(test.Of(RecordKind::kMeasurement).size(), 1u) << "brackets around a word are none";
}

}  // namespace
}  // namespace clinnova::intake
