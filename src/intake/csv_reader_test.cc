// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kVisits = R"(
[file]
pattern = "visits.csv"
delimiter = ";"
encoding = "ISO-8859-1"
decimal = ","
date = "dd/mm/yyyy"
missing = ["NA", "ND"]
patient = "nip"
[[record]]
kind = "person"
id = "nip"
sex = { column = "sexe", values = { "1" = "male", "2" = "female" } }
birth = { column = "naissance", pattern = "mm/yyyy" }
[[record]]
kind = "condition"
id = "{nip}/dp"
code = { system = "ICD-10-FR", version = "2024", column = "dp", dot_after = 3 }
[[record]]
kind = "measurement"
id = "{nip}/{date}/crp"
visit = "{nip}/{date}"
code = { system = "LOINC", code = "1988-5" }
value = { column = "crp", unit = "mg/L", words = ["n.n."] }
start = "date"
[[record]]
kind = "measurement"
id = "{nip}/{date}/test"
code = { column = "test", system = "LOINC", values = { VS = "4537-7" } }
value = { column = "result", unit_in_value = true }
start = "date"
[[record]]
kind = "observation"
id = "{nip}/tabac"
code = { system = "Clinnova", code = "SMOKING" }
value = { column = "tabac", type = "code", system = "SNOMED", values = { non = "266919005" } }
[[record]]
kind = "drug"
id = "{nip}/{ucd}"
code = [ { system = "UCD", column = "ucd" }, { system = "ATC", column = "atc" } ]
start = "date"
quantity = "qte"
when = { column = "stop", not_equals = ["never"] }
)";

class CsvReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            (std::string("clinnova_reader_") + info->name() + "_" + std::to_string(getpid()));
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Result<void> Read(std::string_view toml, std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    const auto mapping = Mapping::Parse(toml, "test.toml");
    EXPECT_TRUE(mapping.has_value()) << (mapping ? "" : mapping.error().message);
    keeper_ = {};
    return ReadCsv(path_, *mapping, keeper_);
  }

  std::filesystem::path path_;
  RecordKeeper keeper_;
};

constexpr std::string_view kHeader =
    "nip;sexe;naissance;dp;date;crp;test;result;tabac;ucd;atc;qte;stop\n";

TEST_F(CsvReaderTest, MakesManyRecordsOfOneRow) {
  const auto done = Read(kVisits, std::string(kHeader) +
                                      "P1;2;07/1961;M0580;03/04/2022;< 0,6;VS;24 mm;fum\xE9"
                                      "e;9312345;L04AB04;2,5;\n");
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_TRUE(keeper_.rejected.empty());
  ASSERT_EQ(keeper_.records.size(), 6u);
  const SourceRecord& person = keeper_.records[0];
  EXPECT_EQ(person.sex, "female");
  EXPECT_EQ(person.birth->year, 1961);
  EXPECT_EQ(person.birth->precision, SourceTime::Precision::kMonth);
  const SourceRecord& condition = keeper_.records[1];
  EXPECT_EQ(condition.codes[0].code, "M05.80");
  EXPECT_EQ(condition.codes[0].version, "2024");
  const SourceRecord& crp = keeper_.records[2];
  EXPECT_EQ(crp.value->number, 0.6);
  EXPECT_EQ(crp.value->comparator, "<");
  EXPECT_EQ(crp.value->text, "< 0,6");
  EXPECT_EQ(crp.value->unit, "mg/L");
  EXPECT_EQ(crp.id, "P1/03/04/2022/crp");
  EXPECT_EQ(crp.visit_id, "P1/03/04/2022");
  EXPECT_EQ(crp.start->day, 3);
  EXPECT_EQ(crp.source.line, 2u);
  EXPECT_EQ(crp.source.path, "crp");
  const SourceRecord& sedimentation = keeper_.records[3];
  EXPECT_EQ(sedimentation.codes[0].code, "4537-7");
  EXPECT_EQ(sedimentation.codes[0].system, "LOINC");
  EXPECT_EQ(sedimentation.value->unit, "mm");
  // A word that the value map lacks is a local code, not one of the system.
  EXPECT_EQ(keeper_.records[4].value->coded->code, "fumée");
  EXPECT_EQ(keeper_.records[4].value->coded->system, "");
  const SourceRecord& drug = keeper_.records[5];
  ASSERT_EQ(drug.codes.size(), 2u);
  EXPECT_EQ(drug.codes[1].code, "L04AB04");
  EXPECT_EQ(drug.quantity, 2.5);
}

TEST_F(CsvReaderTest, MissingFieldsMakeNoRecord) {
  ASSERT_TRUE(Read(kVisits, std::string(kHeader) +
                                "P1;;NA;;;ND;;;;;;;never\nP2;9;;;01/02/2022;;GGT;12;;;;;never\n")
                  .has_value());
  EXPECT_TRUE(keeper_.rejected.empty());
  ASSERT_EQ(keeper_.records.size(), 3u);
  EXPECT_EQ(keeper_.records[0].kind, RecordKind::kPerson);
  EXPECT_EQ(keeper_.records[0].sex, "");
  EXPECT_FALSE(keeper_.records[0].birth.has_value());
  EXPECT_EQ(keeper_.records[1].sex, "9");
  EXPECT_EQ(keeper_.records[2].codes[0].code, "GGT");
  EXPECT_EQ(keeper_.records[2].codes[0].system, "");
}

TEST_F(CsvReaderTest, KeepsWordsAndRejectsWhatIsNoNumber) {
  ASSERT_TRUE(Read(kVisits, std::string(kHeader) + "P1;1;;;03/04/2022;n.n.;;;;;;;never\n"
                                                   "P2;1;;;03/04/2022;0.6;;;;;;;never\n"
                                                   "P3;1;;;31/02/2022;5;;;;;;;never\n"
                                                   ";1;;;01/02/2022;5;;;;;;;never\n")
                  .has_value());
  ASSERT_EQ(keeper_.records.size(), 4u);
  EXPECT_EQ(keeper_.records[1].value->text, "n.n.");
  EXPECT_FALSE(keeper_.records[1].value->number.has_value());
  ASSERT_EQ(keeper_.rejected.size(), 3u);
  EXPECT_EQ(keeper_.rejected[0].rule, "number.invalid");
  EXPECT_EQ(keeper_.rejected[0].message,
            "crp: found \"0.6\", expected a number with decimal mark \",\"");
  EXPECT_EQ(keeper_.rejected[0].source.line, 3u);
  EXPECT_EQ(keeper_.rejected[0].raw, "P2;1;;;03/04/2022;0.6;;;;;;;never");
  EXPECT_EQ(keeper_.rejected[1].rule, "date.invalid");
  EXPECT_EQ(keeper_.rejected[2].rule, "patient.missing");
}

TEST_F(CsvReaderTest, QuarantinesMalformedLinesAndReadsOn) {
  ASSERT_TRUE(Read(kVisits, std::string(kHeader) + "P1;1;;;03/04/2022;7;;;;;;;never\n"
                                                   "P2;1;;;03/04\n"
                                                   "P3;1;;;03/04/2022;8;\"open;;;;;;never\n"
                                                   "P4;1;;;03/04/2022;9;co\x9Cur;;;;;;never\n"
                                                   "P5;1;;;03/04/2022;10;;;;;;;never")
                  .has_value());
  EXPECT_EQ(keeper_.records.size(), 4u);
  EXPECT_EQ(keeper_.records[3].value->number, 10.0);
  ASSERT_EQ(keeper_.rejected.size(), 3u);
  EXPECT_EQ(keeper_.rejected[0].rule, "csv.field_count");
  EXPECT_EQ(keeper_.rejected[0].message, "found 5 fields, expected 13");
  EXPECT_EQ(keeper_.rejected[1].rule, "csv.unclosed_quote");
  EXPECT_EQ(keeper_.rejected[1].source.line, 4u);
  EXPECT_EQ(keeper_.rejected[2].rule, "csv.encoding");
  EXPECT_NE(keeper_.rejected[2].raw.find("co\xEF\xBF\xBDur"), std::string::npos);
}

TEST_F(CsvReaderTest, RefusesAFileThatIsNotTheMappings) {
  const auto lacks = Read(kVisits, "nip;sexe\nP1;1\n");
  ASSERT_FALSE(lacks.has_value());
  EXPECT_EQ(lacks.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(lacks.error().message.find("naissance"), std::string::npos);
  EXPECT_FALSE(Read(kVisits, "").has_value());
  EXPECT_FALSE(Read(kVisits, "\xEF\xBB\xBF" + std::string(kHeader)).has_value());
  EXPECT_FALSE(Read(kVisits, "nip;" + std::string(kHeader)).has_value());
}

TEST_F(CsvReaderTest, ReadsAFileWithoutHeaderInAGermanLaboratorysCodePage) {
  constexpr std::string_view kDin = R"(
[file]
pattern = "*"
encoding = "DIN 66003"
delimiter = ";"
header = ["nr", "name"]
patient = "nr"
[[record]]
kind = "observation"
id = "nr"
code = { display_column = "name" }
)";
  ASSERT_TRUE(Read(kDin, "1;H{moglobin\r\n2;Gef{~\r\n").has_value());
  ASSERT_EQ(keeper_.records.size(), 2u);
  EXPECT_EQ(keeper_.records[0].codes[0].display, "Hämoglobin");
  EXPECT_EQ(keeper_.records[1].codes[0].display, "Gefäß");
  EXPECT_EQ(keeper_.records[0].source.line, 1u);
}

TEST_F(CsvReaderTest, ReadsEveryEncodingMonthsDelaysAndApostrophes) {
  struct Case {
    const char* encoding;
    const char* header;
    const char* unit;
  };
  const Case cases[] = {{"UTF-8", "n\xC3\xA9", "\xC2\xB5g/g"},
                        {"Windows-1252", "n\xE9", "\xB5g/g"},
                        {"ISO-8859-1", "n\xE9", "\xB5g/g"},
                        {"ISO-8859-15", "n\xE9", "\xB5g/g"},
                        {"CP437", "n\x82", "\xE6g/g"}};
  for (const Case& c : cases) {
    const std::string mapping = std::string("[file]\npattern = \"*\"\nencoding = \"") + c.encoding +
                                R"("
delimiter = ";"
decimal = "."
thousands = "'"
date = "mm/yyyy"
patient = "id"
[[record]]
kind = "person"
id = "id"
birth = "né"
[[record]]
kind = "measurement"
id = "{id}/calpro"
code = { code = "calpro" }
value = { column = "v", unit_column = "u" }
start = { column = "admission", pattern = "dd.mm.yyyy", plus_days = "delay" }
)";
    ASSERT_TRUE(Read(mapping, std::string("id;") + c.header +
                                  ";v;u;admission;delay\n1;07/1961;1'240.5;" + c.unit +
                                  ";28.02.2024;3\n")
                    .has_value())
        << c.encoding;
    ASSERT_EQ(keeper_.records.size(), 2u) << c.encoding;
    EXPECT_EQ(keeper_.records[0].birth->precision, SourceTime::Precision::kMonth);
    const SourceRecord& value = keeper_.records[1];
    EXPECT_EQ(value.value->number, 1240.5) << c.encoding;
    EXPECT_EQ(value.value->unit, "µg/g") << c.encoding;
    EXPECT_EQ(value.start->month, 3);
    EXPECT_EQ(value.start->day, 2) << "three days after 28 February 2024";
  }
}

constexpr std::string_view kValues = R"(
[file]
pattern = "values.csv"
date = "yyyy-mm-dd"
patient = "pid"
[[record]]
kind = "measurement"
id = "{pid}/{nr}"
code = { system = "LOINC", code = "1988-5", display_column = "name" }
value = { column = "crp", unit = "mg/L" }
start = "day"
)";

/// Rows of more than one batch: every tenth has a bad number, one a name that is longer than a batch's texts.
std::string ManyValues(int rows) {
  std::string text = "pid,nr,name,crp,day\n";
  for (int i = 0; i < rows; ++i) {
    const std::string name = i == 1234 ? std::string(400'000, 'n') : "C-reactive protein";
    text += "P" + std::to_string(i) + "," + std::to_string(i) + ",\"" + name + "\"," +
            (i % 10 == 3 ? "much" : std::to_string(i)) + ",2024-02-29\n";
  }
  return text;
}

TEST(CsvFiles, OfManyRowsAreReadInOrder) {
  const TestFolder folder;
  const auto mapping = Mapping::Parse(kValues, "values.toml");
  ASSERT_TRUE(mapping.has_value()) << mapping.error().message;
  RecordKeeper kept;
  const auto read = ReadCsv(folder.Write("values.csv", ManyValues(5000)), *mapping, kept);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(kept.records.size(), 4500u);
  ASSERT_EQ(kept.rejected.size(), 500u);
  std::size_t record = 0;
  for (int i = 0; i < 5000; ++i) {
    if (i % 10 == 3) {
      const RejectedRecord& rejected = kept.rejected[static_cast<std::size_t>(i / 10)];
      ASSERT_EQ(rejected.source.line, static_cast<std::uint64_t>(i + 2));
      ASSERT_EQ(rejected.rule, "number.invalid");
      ASSERT_TRUE(rejected.raw.starts_with("P" + std::to_string(i) + ",")) << rejected.raw;
      continue;
    }
    const SourceRecord& found = kept.records[record++];
    ASSERT_EQ(found.source.line, static_cast<std::uint64_t>(i + 2));
    ASSERT_EQ(found.patient_id, "P" + std::to_string(i));
    ASSERT_EQ(found.value->number, i);
    ASSERT_EQ(found.codes.front().display.size(), i == 1234 ? 400'000u : 18u);
  }
}

/// Fails or throws at a record.
struct Stumbling final : RecordKeeper {
  Result<void> Accept(SourceRecord&& record) override {
    if (record.source.line < 3000) return RecordKeeper::Accept(std::move(record));
    if (throws) throw std::runtime_error("stumbled");
    return Fail(ErrorCode::kFailed, "stumbled");
  }
  bool throws = false;
};

TEST(CsvFiles, EndWithTheSinksError) {
  const TestFolder folder;
  const auto file = folder.Write("values.csv", ManyValues(200'000));
  const auto mapping = Mapping::Parse(kValues, "values.toml");
  Stumbling sink;
  const auto read = ReadCsv(file, *mapping, sink);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message, "stumbled");
  EXPECT_LT(sink.records.size(), 3000u);
  sink.throws = true;
  EXPECT_THROW(static_cast<void>(ReadCsv(file, *mapping, sink)), std::runtime_error);
}

}  // namespace
}  // namespace clinnova::intake
