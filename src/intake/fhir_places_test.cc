// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_places.h"

#include <gtest/gtest.h>

#include "intake/fhir_texts_fixture.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

class FhirPlacesTest : public testing::Test, protected FhirTexts {
 protected:
  SourcePlace Place(const std::string& type, const std::string& members) {
    const SourceRecord record =
        One("{\"resourceType\": \"" + type + "\", \"id\": \"x\", \"name\": \"N\"" + members + "}");
    EXPECT_EQ(record.kind, RecordKind::kCareSite);
    return record.details == nullptr ? SourcePlace{} : std::get<SourcePlace>(record.details->of);
  }
};

TEST_F(FhirPlacesTest, KeepsTheNameOfADepartmentOnly) {
  EXPECT_EQ(Place("Organization", R"(, "type": [{"coding": [{"code": "dept"}]}])").name, "N");
  EXPECT_EQ(Place("Organization", R"(, "type": [{"coding": [{"code": "prov"}]}])").name, "");
  EXPECT_EQ(Place("Organization", "").name, "");
  EXPECT_EQ(Place("Location", R"(, "physicalType": {"coding": [{"code": "wa"}]})").name, "N");
  EXPECT_EQ(Place("Location", R"(, "physicalType": {"coding": [{"code": "bu"}]})").name, "");
  EXPECT_EQ(Place("Location", "").name, "");
}

TEST_F(FhirPlacesTest, LeavesOutHomes) {
  Read(R"({"resourceType": "Location", "id": "h", "physicalType": {"coding": [{"code": "ho"}]}})");
  Read(R"({"resourceType": "Location", "id": "h", "type": [{"coding": [{"code": "PTRES"}]}]})");
  EXPECT_TRUE(kept.records.empty());
  EXPECT_EQ(kept.ignored.at("Location: somebody's home"), 2);
  const SourcePlace place = Place("Organization", R"(, "address": [{"use": "home", "city": "Dorf"},
    {"use": "work", "line": ["Weg 1"], "city": "Stadt", "postalCode": "12345", "country": "DE"}])");
  EXPECT_EQ(place.city, "Stadt");
}

/// JSON allows it, and a place has no member that names a patient.
TEST_F(FhirPlacesTest, IsOfNobodyWhateverAnEmptyNameSays) {
  EXPECT_EQ(
      One(R"({"resourceType": "Location", "id": "l", "name": "Ward", "": {"reference": "Patient/p"},
                "physicalType": {"coding": [{"code": "wa"}]}})")
          .patient_id,
      "");
}

TEST_F(FhirPlacesTest, MakesAProfessionalOfAPractitionerAndOfEachRole) {
  const SourceRecord doctor = One(R"({"resourceType": "Practitioner", "id": "d",
    "identifier": [{"value": "999012345"}], "name": [{"family": "Vogel", "given": ["Eva"], "text": "Dr. Vogel"}],
    "telecom": [{"value": "eva@x.example"}], "qualification": [{"code": {"text": "MD"}}]})");
  EXPECT_EQ(doctor.kind, RecordKind::kProvider);
  EXPECT_TRUE(doctor.codes.empty()) << "a degree is no specialty";
  EXPECT_EQ(doctor.identity_words,
            (std::vector<std::string>{"Vogel", "Dr. Vogel", "Eva", "999012345", "eva@x.example"}));
  const SourceRecord role = One(R"({"resourceType": "PractitionerRole", "id": "r",
    "practitioner": {"reference": "https://x/Practitioner/d"}, "location": [{"reference": "Location/l"}],
    "code": [{"coding": [{"code": "309343006"}]}], "specialty": [{"coding": [{"code": "394810000"}]}]})");
  EXPECT_EQ(std::get<SourceProfessional>(role.details->of).practitioner_id, "Practitioner/d");
  EXPECT_EQ(role.codes.at(0).code, "394810000");
  EXPECT_EQ(role.codes.size(), 1u);
  EXPECT_EQ(role.care_site_id, "Location/l");
}

TEST_F(FhirPlacesTest, ShowsNothingOfAProfessionalInTheQuarantine) {
  Read(R"({"resourceType": "Practitioner", "id": "d", "modifierExtension": [{"url": "x"}],
           "name": [{"family": "Vogel"}]})");
  ASSERT_EQ(kept.rejected.size(), 1u);
  EXPECT_EQ(kept.rejected[0].kind, "provider");
  EXPECT_EQ(kept.rejected[0].raw, "");
}

TEST_F(FhirPlacesTest, SurvivesElementsOfTheWrongType) {
  for (const char* type :
       {"Organization", "Location", "Practitioner", "PractitionerRole", "Encounter"}) {
    for (const char* value : {"null", "7", "\"x\"", "[]", "[[1]]", "{}", "[null, {\"a\": 1}]"}) {
      std::string text = std::string("{\"resourceType\": \"") + type + "\"";
      for (const char* name : {"id", "name", "type", "physicalType", "address", "identifier",
                               "telecom", "contact", "practitioner", "organization", "location",
                               "specialty", "code", "participant", "serviceProvider"}) {
        text += std::string(", \"") + name + "\": " + value;
      }
      Read(text + "}");
    }
  }
}

}  // namespace
}  // namespace clinnova::intake
