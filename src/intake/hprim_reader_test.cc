// SPDX-License-Identifier: Apache-2.0
#include "intake/hprim_reader.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

const std::string kHeader =
    "H|~^\\&|0405.HPR||LABO~Laboratoire du Rhin||ORU|||HUS~Hopital||P|H2.4~L|202403051130\r\n";
const std::string kPatient = "P|1|IPP4711||D123|MARTIN~LUCIE||19610705|F\r\n";
const std::string kOrder = "OBR|1|E2403~A17||NFS~H\xE9mogramme~L|||202403050800\r\n";
const std::string kCrp = "OBX|1|NM|CRP~Prot\xE9ine C~L||12,5|mg/L|0^5|H|||F\r\n";

std::string Message(const std::string& segments, const std::string& end = "L|1\r\n") {
  return kHeader + kPatient + kOrder + segments + end;
}

class HprimReaderTest : public testing::Test {
 protected:
  HprimReaderTest() {
    auto dialect = LoadDialect(std::filesystem::path(CLINNOVA_SOURCE_DIR) / "mappings/fr-hprim");
    EXPECT_TRUE(dialect.has_value()) << dialect.error().message;
    mapping_ = std::move(dialect->front());
  }

  RecordKeeper Read(const std::string& bytes, const std::string& error = "") {
    RecordKeeper keeper;
    const auto read = ReadHprim(folder_.Write("r.hpr", bytes), "r.hpr", mapping_, keeper);
    EXPECT_EQ(read ? "" : read.error().message, error);
    return keeper;
  }

  TestFolder folder_;
  Mapping mapping_;
};

TEST_F(HprimReaderTest, ReadsPatientsOrdersAndResults) {
  const RecordKeeper keeper = Read(Message(
      kCrp + "C|1|L|Patient \xE0 jeun\r\n" +
          "OBX|2|ST|VS~Vitesse de s\xE9"
          "dimentation~L||< 2|mm|||||F\r\n" +
          "OBX|3|NM|XX~Dosage maison~L~6690-2~Leucocytes~LN||8.4|G/L|||||C|||202403060930\r\n" +
          "OBX|4|CE|FR~Facteur rhumato\xEF"
          "de~L||NEG~N\xE9gatif~L||||||F\r\n" +
          "OBX|5|NM|HB~Hb~L||||||||I\r\n" +
          "OBX|6|ST|ACPA~Anti-CCP~L||Non r\xE9"
          "alis\xE9||||||X\r\n",
      "L|1||1|11\r\n"));
  EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message;
  ASSERT_EQ(keeper.Of(RecordKind::kPerson).size(), 1u);
  const SourceRecord person = keeper.Of(RecordKind::kPerson)[0];
  EXPECT_EQ(person.patient_id, "IPP4711");
  EXPECT_EQ(person.sex, "female");
  EXPECT_EQ(person.birth->month, 7);
  EXPECT_EQ(person.identity_words,
            (std::vector<std::string>{"IPP4711", "D123", "MARTIN", "LUCIE"}));
  const auto results = keeper.Of(RecordKind::kMeasurement);
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].codes[0].code, "1988-5");
  EXPECT_EQ(results[0].codes[0].display, "Protéine C");
  EXPECT_EQ(results[0].value->number, 12.5);
  EXPECT_EQ(results[0].start->hour, 8);
  EXPECT_EQ(results[0].id, "IPP4711/E2403~A17/202403050800/CRP");
  EXPECT_EQ(results[0].source.line, 4u);
  EXPECT_EQ(results[1].value->comparator, "<");
  EXPECT_EQ(results[1].value->unit, "mm/h");
  EXPECT_EQ(results[2].codes[1].code, "6690-2");
  EXPECT_EQ(results[2].value->number, 8.4);
  EXPECT_EQ(results[2].start->day, 6) << "its own time goes before the sample's";
  EXPECT_EQ(results[2].status, "corrected");
  EXPECT_EQ(results[3].value->coded->display, "Négatif");
  EXPECT_EQ(results[4].status, "cancelled");
  EXPECT_EQ(keeper.ignored.at("HPRIM segment C: not loaded"), 1);
  EXPECT_EQ(keeper.ignored.at("HPRIM OBX without a value: not loaded"), 1);
}

TEST_F(HprimReaderTest, PutsContinuationsTogetherAndTakesEscapesOff) {
  const RecordKeeper keeper =
      Read(Message("OBX|1|TX|NOTE~Commentaire~L||Dosage \\F\\ \\S\\ \\E\\x\r\nA| suite\r\nA| et "
                   "fin|mg/L|||||F\r\n"));
  ASSERT_EQ(keeper.Of(RecordKind::kMeasurement).size(), 1u);
  const SourceRecord record = keeper.Of(RecordKind::kMeasurement)[0];
  EXPECT_EQ(record.value->text, "Dosage | ~ \\x suite et fin");
  EXPECT_EQ(record.value->unit, "mg/L");
}

TEST_F(HprimReaderTest, ReadsTheSeparatorsThatTheHeaderDeclares) {
  std::string bytes = Message(kCrp);
  for (char& c : bytes) c = c == '|' ? '#' : c == '~' ? '\\' : c == '\\' ? '&' : c == '&' ? '~' : c;
  EXPECT_TRUE(LooksLikeHprim(bytes));
  const RecordKeeper keeper = Read(bytes);
  ASSERT_EQ(keeper.Of(RecordKind::kMeasurement).size(), 1u);
  EXPECT_EQ(keeper.Of(RecordKind::kMeasurement)[0].value->number, 12.5);
}

TEST_F(HprimReaderTest, LosesWithABadSegmentWhatBelongsToIt) {
  struct Case {
    const char* name;
    std::string bytes;
    std::vector<std::string> rules;
    std::size_t measurements, persons;
  };
  const std::string second = "OBR|2|E9|||||202403060800\r\n" + kCrp;
  const Case cases[] = {
      {"a result", Message("OBX|1|NM|CRP~\x85~L||1\r\n" + kCrp), {"hprim.encoding@4"}, 1, 1},
      {"an order",
       kHeader + kPatient + "OBR|1|\x85\r\n" + kCrp + second + "L|1\r\n",
       {"hprim.encoding@3", "hprim.order@4"},
       1,
       1},
      {"a patient",
       kHeader + "P|1|X|||MARTIN~\x85\r\n" + kOrder + kCrp + kPatient + kOrder + kCrp + "L|1\r\n",
       {"hprim.encoding@2", "hprim.order@3", "hprim.order@4"},
       1,
       1},
      {"no segment", Message("BX|1|NM|CRP||1\r\n" + kCrp), {"hprim.segment@4"}, 1, 1},
      {"no order", kHeader + kPatient + kCrp + "L|1\r\n", {"hprim.order@3"}, 0, 1},
      {"a patient without a number",
       kHeader + "P|1||||MARTIN~LUCIE||19610705|F\r\n" + kOrder + kCrp + "L|1\r\n",
       {"patient.missing@2", "patient.missing@4"},
       0,
       0}};
  for (const Case& c : cases) {
    const RecordKeeper keeper = Read(c.bytes);
    EXPECT_EQ(keeper.Rules(), c.rules) << c.name;
    EXPECT_EQ(keeper.Of(RecordKind::kMeasurement).size(), c.measurements) << c.name;
    EXPECT_EQ(keeper.Of(RecordKind::kPerson).size(), c.persons) << c.name;
    for (const RejectedRecord& r : keeper.rejected)
      EXPECT_EQ((r.raw + r.message).find("MARTIN"), std::string::npos) << "a name in quarantine";
  }
}

TEST_F(HprimReaderTest, TakesNothingOfAFileThatLacksSomething) {
  EXPECT_EQ(Read(Message(kCrp, "L|1||2|5\r\n")).Rules(),
            std::vector<std::string>{"hprim.patient_count@5"});
  EXPECT_EQ(Read(Message(kCrp, "L|1||1|6\r\n")).Rules(),
            std::vector<std::string>{"hprim.segment_count@5"});
  EXPECT_EQ(Read(Message(kCrp, "L|1||1|5\r\n")).records.size(), 2u);
  EXPECT_EQ(Read(Message(kCrp + "A||||\r\n", "L|1||1|6\r\n")).records.size(), 2u)
      << "some count continuations, some do not";
  const std::string cut = Message(kCrp, "");
  Read(cut, "r.hpr: ends too early, after line 4, without the segment L: nothing was loaded");
  Read(cut + Message(kCrp),
       "r.hpr: ends too early, after line 5, without the segment L: nothing was loaded");
}

TEST_F(HprimReaderTest, CountsMessagesThatAreNoResults) {
  std::string order = Message(kCrp);
  order.replace(order.find("ORU"), 3, "ORM");
  const RecordKeeper keeper = Read(order + Message(kCrp));
  EXPECT_EQ(keeper.ignored.at("HPRIM message ORM: no results, not loaded"), 1);
  EXPECT_EQ(keeper.records.size(), 2u);
  EXPECT_FALSE(LooksLikeHprim("Header;a;b"));
  EXPECT_FALSE(LooksLikeHprim("H|||||"));
}

}  // namespace
}  // namespace clinnova::intake
