// SPDX-License-Identifier: Apache-2.0
// What is particular to some resources reaches its table, once, and goes with its record.
#include "intake/detail_stage.h"

#include <gtest/gtest.h>

#include "intake/loader_fixture.h"

namespace clinnova::intake {
namespace {

constexpr const char* kPatients =
    R"({"resource": {"resourceType": "Patient", "id": "pat-1001", "birthDate": "1961"}},
       {"resource": {"resourceType": "Patient", "id": "pat-1002", "birthDate": "1962"}})";

class DetailStageTest : public LoaderFixture {};

constexpr const char* kSamples = R"(,
  {"resource": {"resourceType": "Specimen", "id": "s1", "status": "unavailable",
    "type": {"coding": [{"system": "http://snomed.info/sct", "code": "445295009"}]},
    "subject": {"reference": "Patient/pat-1001"}, "collection": {"collectedDateTime": "2024-02-15T11:05:00"}}},
  {"resource": {"resourceType": "Specimen", "id": "s2", "status": "STATUS",
    "identifier": [{"value": "BP_000002"}], "type": {"coding": [{"system": "https://local", "code": "EDTA-7"}]},
    "subject": {"reference": "Patient/pat-1001"}, "parent": [{"reference": "Specimen/s1"}],
    "container": [{"type": {"text": "Rack of BP_000002"}}],
    "collection": {"collectedDateTime": "2024-02-15", "quantity": {"value": 5, "code": "ml"},
                   "bodySite": {"text": "left arm"}}}},
  {"resource": {"resourceType": "Observation", "id": "o1", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
    "subject": {"reference": "Patient/pat-1001"}, "specimen": {"reference": "Specimen/s2"},
    "effectiveDateTime": "2024-02-16", "valueQuantity": {"value": 12, "code": "mg/L"}}},
  {"resource": {"resourceType": "Observation", "id": "o2", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
    "subject": {"reference": "Patient/pat-1002"}, "specimen": {"reference": "Specimen/s2"},
    "effectiveDateTime": "2024-02-16", "valueQuantity": {"value": 13, "code": "mg/L"}}})";

std::string Samples(const std::string& status) {
  std::string text = std::string(kPatients) + kSamples;
  return text.replace(text.find("STATUS"), 6, status);
}

TEST_F(DetailStageTest, KeepsASampleWithItsOriginAndItsResults) {
  for (int times = 0; times < 2; ++times) {
    const ImportReport report = Load(Samples("available"));
    EXPECT_EQ(report.kinds.at("specimen").loaded, 2);
    EXPECT_EQ(report.unmapped.at(0).kind, "specimen");
    EXPECT_EQ(report.unmapped.at(0).code, "EDTA-7");
    EXPECT_EQ(Count("specimen"), "2");
    EXPECT_EQ(Count("clinnova.sample"), "2");
    EXPECT_EQ(
        Count(
            "specimen WHERE specimen_concept_id = 2000000803 AND specimen_date = '2024-02-15' AND "
            "specimen_datetime = '2024-02-15 11:05:00' AND specimen_type_concept_id = 32817"),
        "1");
    EXPECT_EQ(Count("specimen WHERE specimen_concept_id = 0 AND specimen_source_value = 'EDTA-7' "
                    "AND quantity "
                    "= 5 AND unit_concept_id = 8587 AND anatomic_site_concept_id = 0 AND "
                    "anatomic_site_source_value = 'left arm' AND length(specimen_source_id) = 32"),
              "1");
    EXPECT_EQ(Count("clinnova.sample c JOIN clinnova.sample p ON p.specimen_id = "
                    "c.parent_specimen_id WHERE "
                    "c.status = 'available' AND p.status = 'unavailable'"),
              "1");
    EXPECT_EQ(Text("SELECT container_source_value FROM clinnova.sample WHERE status = 'available'"),
              "Rack of [hidden]");
    EXPECT_EQ(TablesWith("BP_000002"), "");
    EXPECT_EQ(Count("clinnova.specimen_use"), "1") << "not of another patient's sample";
    EXPECT_EQ(
        Count("clinnova.specimen_use JOIN measurement ON measurement_id = row_id AND table_name = "
              "'measurement' JOIN specimen USING (specimen_id) WHERE value_as_number = 12"),
        "1");
    EXPECT_EQ(Count("clinnova.provenance WHERE table_name = 'specimen' AND line IS NOT NULL"), "2");
    EXPECT_EQ(Text("SELECT min(observation_period_start_date) FROM observation_period"),
              "2024-02-15");
  }
}

TEST_F(DetailStageTest, TakesASampleBackThatNeverWas) {
  Load(Samples("available"));
  const ImportReport report = Load(Samples("entered-in-error"));
  EXPECT_EQ(report.kinds.at("specimen").ignored, 1);
  EXPECT_EQ(Count("specimen"), "1");
  EXPECT_EQ(Count("clinnova.sample"), "1");
  EXPECT_EQ(Count("clinnova.specimen_use"), "0");
  EXPECT_EQ(Count("measurement"), "2") << "its results stay";
}

TEST_F(DetailStageTest, RefusesASampleWithoutADay) {
  const ImportReport report =
      Load(std::string(kPatients) + R"(, {"resource": {"resourceType": "Specimen", "id": "s",
    "type": {"text": "serum"}, "subject": {"reference": "Patient/pat-1001"}, "receivedTime": "2024-02-15"}})");
  EXPECT_EQ(report.quarantined_by_rule.at("date.missing"), 1);
  EXPECT_EQ(Count("clinnova.sample"), "0");
}

}  // namespace
}  // namespace clinnova::intake
