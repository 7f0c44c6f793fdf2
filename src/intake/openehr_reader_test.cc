// SPDX-License-Identifier: Apache-2.0
#include "intake/openehr_reader.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kMapping = R"(
[file]
pattern = "*"
format = "openehr"
date = "iso"
patient = "ehr_id"
[[record]]
kind = "visit"
id = "@uid"
start = "ctx/time"
[[record]]
kind = "measurement"
per = "laboratory/any_event"
id = "{@uid}/{@index}"
code = { column = "test|code", display_column = "laboratory/name" }
value = { column = "result|magnitude", unit_column = "result|unit", or_text = true }
start = ["time", "ctx/time"]
)";

std::string Composition(const std::string& more) {
  return R"({"ehr_id": "E1", "composition": {"ctx/time": "2024-03-05T08:00:00+01:00",
    "visit/_uid": "u-1::server::3")" +
         (more.empty() ? "" : ", " + more) + "}}";
}

std::string OneLine(std::string text) {
  std::erase(text, '\n');
  return text + "\n";
}

class OpenEhrReaderTest : public testing::Test {
 protected:
  RecordKeeper Read(const std::string& bytes, const std::string& error = "") {
    const auto mapping = Mapping::Parse(kMapping, "m.toml");
    EXPECT_TRUE(mapping.has_value()) << mapping.error().message;
    RecordKeeper keeper;
    const auto read = ReadOpenEhr(folder_.Write("c.json", bytes), "c.json", *mapping, keeper);
    EXPECT_EQ(read ? "" : read.error().message, error);
    return keeper;
  }
  TestFolder folder_;
};

TEST_F(OpenEhrReaderTest, ReadsEachRepeatedNodeWithWhatIsAroundIt) {
  const RecordKeeper keeper = Read(Composition(R"(
    "visit/laboratory:0/name": "A", "visit/laboratory:1/name": "B",
    "visit/laboratory:0/any_event:0/test|code": "CRP", "visit/laboratory:0/any_event:0/result|magnitude": 12.50,
    "visit/laboratory:0/any_event:0/result|unit": "mg/L",
    "visit/laboratory:0/any_event:1/test|code": "HB", "visit/laboratory:0/any_event:1/result|magnitude": 13,
    "visit/laboratory:0/any_event:1/time": "2024-03",
    "visit/laboratory:1/any_event:0/test|code": "RF", "visit/laboratory:1/any_event/result|magnitude": null,
    "visit/laboratory:1/any_event:0/result|magnitude": "n.n.")"));
  EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message;
  ASSERT_EQ(keeper.Of(RecordKind::kVisit).size(), 1u);
  EXPECT_EQ(keeper.Of(RecordKind::kVisit)[0].id, "u-1") << "the same for every version";
  std::map<std::string, SourceRecord> results;
  for (const SourceRecord& record : keeper.Of(RecordKind::kMeasurement))
    results[record.id] = record;
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results["u-1/0.0"].value->number, 12.5);
  EXPECT_EQ(results["u-1/0.0"].value->unit, "mg/L");
  EXPECT_EQ(results["u-1/0.0"].codes[0].display, "A");
  EXPECT_EQ(results["u-1/0.0"].start->hour, 8);
  EXPECT_EQ(results["u-1/0.1"].codes[0].code, "HB");
  EXPECT_EQ(results["u-1/0.1"].start->precision, SourceTime::Precision::kMonth);
  EXPECT_EQ(results["u-1/1.0"].codes[0].display, "B");
  EXPECT_EQ(results["u-1/1.0"].value->text, "n.n.");
}

TEST_F(OpenEhrReaderTest, ReadsListsAndLines) {
  const std::string one = Composition(R"("visit/laboratory/any_event/test|code": "CRP",
    "visit/laboratory/any_event/result|magnitude": 1)");
  EXPECT_EQ(Read("[" + one + "," + Composition("") + "]").records.size(), 3u);
  const RecordKeeper lines =
      Read(OneLine(one) + "{broken\n\n" + OneLine(Composition("")) + "{\"a\": {}}\n");
  EXPECT_EQ(lines.records.size(), 3u);
  EXPECT_EQ(lines.Rules(), (std::vector<std::string>{"openehr.json@2", "openehr.composition@5"}));
}

TEST_F(OpenEhrReaderTest, FailsWhereTheFileEndsTooEarly) {
  const std::string one = Composition("");
  Read(one.substr(0, one.size() - 3), "c.json: not JSON, or ends too early, within " +
                                          std::to_string(one.size() - 3) +
                                          " bytes: nothing was loaded");
}

TEST_F(OpenEhrReaderTest, CountsWhatItMakesNothingOf) {
  const RecordKeeper keeper = Read(R"({"ehr_id": "E1", "composition": {"other/a/b": 1}})");
  EXPECT_EQ(keeper.ignored.at("openEHR composition: nothing in it is in the mapping"), 1);
  const RecordKeeper nobody = Read(R"({"ctx/time": "2024-03-05", "v/_uid": "u"})");
  EXPECT_EQ(nobody.Rules(), std::vector<std::string>{"patient.missing@1"});
}

TEST_F(OpenEhrReaderTest, IsToldFromFhir) {
  EXPECT_TRUE(LooksLikeOpenEhr("{\"ctx/language\": \"de\""));
  EXPECT_TRUE(LooksLikeOpenEhr(" [\n {\"visit/context/start_time\": 1"));
  EXPECT_TRUE(LooksLikeOpenEhr("{\"ehr_id\": \"a\", "));
  EXPECT_FALSE(LooksLikeOpenEhr("{\"resourceType\": \"Patient\", \"text\": \"a/b\""));
  EXPECT_FALSE(LooksLikeOpenEhr("a/b"));
}

}  // namespace
}  // namespace clinnova::intake
