// SPDX-License-Identifier: Apache-2.0
#include "intake/mapping.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kGood = R"(
[file]
pattern = "Labor*.csv"
delimiter = ";"
encoding = "ISO-8859-1"
decimal = ","
thousands = " "
date = "dd/mm/yyyy"
missing = ["NA"]
patient = "nip"

[[record]]
kind = "measurement"
id = "{nip}/{date}/crp"
code = { system = "LOINC", code = "1988-5", display = "CRP" }
value = { column = "crp", unit = "mg/L", words = ["n.n."] }
start = "date"

[[record]]
kind = "person"
id = "nip"
sex = { column = "sexe", values = { "1" = "male", "2" = "female" } }
birth = { column = "naissance", pattern = "mm/yyyy" }
)";

TEST(Mapping, ReadsWhatADataManagerWrote) {
  const auto mapping = Mapping::Parse(kGood, "labor.toml");
  ASSERT_TRUE(mapping.has_value()) << mapping.error().message;
  EXPECT_EQ(mapping->delimiter, ';');
  EXPECT_EQ(mapping->encoding, Encoding::kIso8859_1);
  EXPECT_EQ(mapping->number.decimal, ',');
  EXPECT_EQ(mapping->columns,
            (std::vector<std::string>{"nip", "date", "crp", "sexe", "naissance"}));
  ASSERT_EQ(mapping->records.size(), 2u);
  const RecordRule& crp = mapping->records[0];
  EXPECT_EQ(crp.kind, RecordKind::kMeasurement);
  EXPECT_EQ(crp.id.pieces.size(), 4u);
  EXPECT_EQ(crp.patient.pieces.size(), 1u);
  EXPECT_EQ(crp.codes[0].system, "LOINC");
  EXPECT_EQ(crp.value->words, std::vector<std::string>{"n.n."});
  EXPECT_EQ(*mapping->records[1].sex.Translate("2"), "female");
  EXPECT_EQ(mapping->records[1].sex.Translate("9"), nullptr);
  EXPECT_EQ(mapping->records[1].birth.patterns.at(0).text(), "mm/yyyy");
}

TEST(Mapping, MatchesFilesByTheirName) {
  const auto mapping = Mapping::Parse(kGood, "labor.toml");
  ASSERT_TRUE(mapping.has_value());
  EXPECT_TRUE(mapping->Matches("labor_2024.csv"));
  EXPECT_TRUE(mapping->Matches("LABOR.CSV"));
  EXPECT_FALSE(mapping->Matches("labor.csv.bak"));
  EXPECT_FALSE(mapping->Matches("mylabor.csv"));
  EXPECT_EQ(FindMapping({*mapping}, "other.csv"), nullptr);
}

// `text` with its first `from` replaced.
std::string Changed(std::string_view from, std::string_view to) {
  std::string text(kGood);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Mapping, NamesFileLineAndKeyOfEveryMistake) {
  struct Case {
    std::string toml;
    const char* line;
    const char* word;
  };
  const Case cases[] = {
      {Changed("decimal =", "decimall ="), "m.toml:6:", "file.decimall"},
      {Changed("start = \"date\"", "begin = \"date\""), "m.toml:17:", "record.begin"},
      {Changed("unit = \"mg/L\"", "units = \"mg/L\""), "m.toml:16:", "value.units"},
      {Changed("encoding = \"ISO-8859-1\"", "encoding = \"EBCDIC\""), "m.toml:5:", "EBCDIC"},
      {Changed("dd/mm/yyyy", "jj/mm/aaaa"), "m.toml:8:", "jj/mm/aaaa"},
      {Changed("kind = \"measurement\"", "kind = \"lab\""), "m.toml:13:", "lab"},
      {Changed("decimal = \",\"", "decimal = \";\""), "m.toml:6:", "decimal"},
      {Changed("decimal = \",\"", "decimal = 5"), "m.toml:6:", "decimal"},
      {Changed("thousands = \" \"", "thousands = \",\""), "m.toml:7:", "thousands"},
      {Changed("{nip}/{date}/crp", "{nip/crp"), "m.toml:14:", "}"},
      {Changed("id = \"{nip}/{date}/crp\"\n", ""), "m.toml:12:", "id"},
      {Changed("patient = \"nip\"\n", ""), "m.toml:11:", "patient"},
      {Changed("value = {", "value = { text = \"x\","), "m.toml:16:", "one of column"},
      {Changed("[file]", "[fil]"), "m.toml:", "fil"},
      {Changed("kind = \"person\"", "kind = person"), "m.toml:20:", ""},
      {Changed("date = \"dd/mm/yyyy\"\n", ""), "m.toml:16:", "pattern"},
      {Changed("pattern = \"Labor*.csv\"\n", ""), "m.toml:2:", "pattern"}};
  for (const Case& c : cases) {
    const auto mapping = Mapping::Parse(c.toml, "m.toml");
    ASSERT_FALSE(mapping.has_value()) << c.word;
    EXPECT_EQ(mapping.error().code, ErrorCode::kInvalidInput);
    EXPECT_TRUE(mapping.error().message.starts_with(c.line))
        << mapping.error().message << " / " << c.line;
    EXPECT_NE(mapping.error().message.find(c.word), std::string::npos) << mapping.error().message;
    EXPECT_EQ(mapping.error().message.find('\n'), std::string::npos);
  }
}

TEST(Mapping, LoadsEveryDialectOfTheRepository) {
  for (const char* dialect : {"lu-ecrf", "fr-csv", "ch-csv"}) {
    const auto mappings = LoadDialect(std::string(CLINNOVA_SOURCE_DIR "/mappings/") + dialect);
    ASSERT_TRUE(mappings.has_value()) << mappings.error().message;
    EXPECT_GE(mappings->size(), 5u) << dialect;
  }
  for (const char* dialect :
       {"ch-sphn", "consents", "de-ldt", "de-openehr", "fr-hprim", "lu-redcap"}) {
    const auto mappings = LoadDialect(std::string(CLINNOVA_SOURCE_DIR "/mappings/") + dialect);
    ASSERT_TRUE(mappings.has_value()) << mappings.error().message;
  }
  EXPECT_FALSE(LoadDialect("/no/such/folder").has_value());
}

TEST(Mapping, OfEveryCommittedDialectIsCompiledInAsItStands) {
  for (const char* dialect : {"ch-csv", "ch-sphn", "consents", "de-ldt", "de-openehr", "fr-csv",
                              "fr-hprim", "lu-ecrf", "lu-redcap"}) {
    const auto embedded = LoadEmbeddedDialect(dialect);
    ASSERT_TRUE(embedded.has_value()) << embedded.error().message;
    const auto file = LoadDialect(std::string(CLINNOVA_SOURCE_DIR "/mappings/") + dialect);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    ASSERT_EQ(embedded->size(), file->size());
    for (std::size_t i = 0; i < file->size(); ++i) {
      EXPECT_EQ((*embedded)[i].pattern, (*file)[i].pattern);
      EXPECT_EQ((*embedded)[i].records.size(), (*file)[i].records.size());
    }
  }
}

TEST(Mapping, OfADialectComeWithThoseThatItNames) {
  const auto alone = LoadEmbeddedDialect("fr-csv");
  const auto both = LoadEmbeddedDialect("fr-hprim");
  ASSERT_TRUE(alone.has_value() && both.has_value());
  EXPECT_EQ(both->size(), alone->size() + 1);
  EXPECT_EQ(both->front().format, SourceFormat::kHprim);
  EXPECT_NE(FindMapping(*both, "PATIENTS.csv"), nullptr);
  TestFolder folder;
  folder.Write("dialect.toml", "with = [\"xx-csv\"]\n");
  const auto unknown = LoadDialect(folder.path());
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("found \"xx-csv\", expected one of ch-csv, "),
            std::string::npos)
      << unknown.error().message;
}

TEST(Mapping, ThatIsNotThereNamesThoseThatAre) {
  const auto unknown = LoadEmbeddedDialect("xx-csv");
  ASSERT_FALSE(unknown.has_value());
  const std::string& message = unknown.error().message;
  EXPECT_EQ(message.find("mapping: found \"xx-csv\", expected a file, a folder or one of ch-csv, "),
            0u)
      << message;
  EXPECT_TRUE(message.ends_with(", lu-ecrf") || message.find(", lu-ecrf, ") != std::string::npos)
      << message;
}

}  // namespace
}  // namespace clinnova::intake
