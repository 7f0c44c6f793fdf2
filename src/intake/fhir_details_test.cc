// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_details.h"

#include <gtest/gtest.h>

#include "intake/fhir_texts_fixture.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

class FhirDetailsTest : public testing::Test, protected FhirTexts {
 protected:
  template <typename T>
  static T Details(const SourceRecord& record) {
    if (record.details == nullptr || !std::holds_alternative<T>(record.details->of)) {
      ADD_FAILURE() << "no such details";
      return {};
    }
    return std::get<T>(record.details->of);
  }
};

TEST_F(FhirDetailsTest, ReadsASampleOfABiobank) {
  const SourceRecord record = One(R"({"resourceType": "Specimen", "id": "s2", "status": "available",
    "identifier": [{"system": "https://x/sid/samples", "value": "BP_000002"}],
    "accessionIdentifier": {"value": "E_24_004"},
    "type": {"coding": [{"system": "http://snomed.info/sct", "code": "119364003"}]},
    "subject": {"reference": "Patient/p1"}, "receivedTime": "2024-02-16",
    "parent": [{"reference": "https://server/fhir/Specimen/s1"}],
    "collection": {"collectedPeriod": {"start": "2024-02-15T11:05:00+01:00", "end": "2024-02-15"},
      "quantity": {"value": 5, "unit": "mL", "code": "ml"},
      "bodySite": {"coding": [{"system": "http://snomed.info/sct", "code": "368208006"}]}},
    "processing": [
      {"procedure": {"coding": [{"code": "85457002"}]}},
      {"procedure": {"coding": [{"code": "1186936003"}]}, "extension": [{"url": "https://x/temperature",
        "valueRange": {"low": {"value": -85, "code": "Cel"}, "high": {"value": -75, "code": "Cel"}}}]},
      {"procedure": {"text": "aliquot"}}],
    "container": [{"type": {"coding": [{"code": "83059008"}]}, "specimenQuantity": {"value": 2, "code": "mL"}}]})");
  EXPECT_EQ(record.kind, RecordKind::kSpecimen);
  EXPECT_EQ(record.id, "Specimen/s2");
  EXPECT_EQ(record.patient_id, "p1");
  EXPECT_EQ(record.codes.at(0).code, "119364003");
  EXPECT_EQ(record.start->hour, 11);
  EXPECT_EQ(record.end->day, 15);
  EXPECT_EQ(record.value->number, 5) << "what was collected, not what is in the container";
  EXPECT_EQ(record.identity_words, (std::vector<std::string>{"BP_000002", "E_24_004"}));
  const auto sample = Details<SourceSample>(record);
  EXPECT_EQ(sample.number, "BP_000002");
  EXPECT_EQ(sample.body_site.at(0).code, "368208006");
  EXPECT_EQ(sample.received->day, 16);
  EXPECT_EQ(sample.container, "83059008");
  EXPECT_EQ(sample.processing, "85457002; aliquot");
  EXPECT_EQ(sample.storage, "1186936003");
  EXPECT_EQ(sample.storage_low_celsius, -85);
  EXPECT_EQ(sample.storage_high_celsius, -75);
  EXPECT_EQ(sample.parent_id, "Specimen/s1");
}

TEST_F(FhirDetailsTest, AddsUpContainersOfOneUnitOnly) {
  const auto amount = [&](const std::string& containers) {
    return One(R"({"resourceType": "Specimen", "id": "s", "subject": {"reference": "Patient/p"},
                   "type": {"text": "DNA"}, "container": [)" +
               containers + "]}")
        .value;
  };
  constexpr const char* kTwoMl = R"({"specimenQuantity": {"value": 2, "code": "mL"}})";
  constexpr const char* kHalfMl = R"({"specimenQuantity": {"value": 0.5, "code": "mL"}})";
  constexpr const char* kGrams = R"({"specimenQuantity": {"value": 3, "code": "g"}})";
  EXPECT_EQ(amount(std::string(kTwoMl) + "," + kHalfMl)->number, 2.5);
  EXPECT_FALSE(amount(std::string(kTwoMl) + "," + kGrams).has_value());
  EXPECT_FALSE(amount("{}").has_value());
}

TEST_F(FhirDetailsTest, LeavesOutASampleOfSomethingElse) {
  Read(R"({"resourceType": "Specimen", "id": "w", "subject": {"reference": "Location/pond"}})");
  EXPECT_EQ(kept.ignored.at("Specimen: not of a patient"), 1);
  EXPECT_EQ(One(R"({"resourceType": "Specimen", "id": "n"})").patient_id, "") << "quarantined";
}

TEST_F(FhirDetailsTest, SaysInWhichSampleAResultWasFound) {
  EXPECT_EQ(
      One(R"({"resourceType": "Observation", "id": "o", "specimen": {"reference": "Specimen/s1"},
                    "valueString": "x"})")
          .specimen_id,
      "Specimen/s1");
  EXPECT_EQ(One(R"({"resourceType": "DiagnosticReport", "id": "r", "conclusion": "x",
                    "specimen": [{"reference": "Specimen/1"}, {"reference": "Specimen/2"}]})")
                .specimen_id,
            "")
      << "in which of the two, the report does not say";
}

TEST_F(FhirDetailsTest, SurvivesElementsOfTheWrongType) {
  for (const char* value : {"null", "7", "\"x\"", "[]", "[[1]]", "{}", "[null, {\"a\": 1}]"}) {
    std::string text = R"({"resourceType": "Specimen")";
    for (const char* name :
         {"id", "type", "subject", "identifier", "accessionIdentifier", "collection", "container",
          "processing", "parent", "extension", "receivedTime"}) {
      text += std::string(", \"") + name + "\": " + value;
    }
    Read(text + "}");
  }
}

}  // namespace
}  // namespace clinnova::intake
