// SPDX-License-Identifier: Apache-2.0
// Where care is given and by whom reaches its tables, once, without a name, and visits refer to it.
#include "intake/place_stage.h"

#include <gtest/gtest.h>

#include "intake/loader_fixture.h"

namespace clinnova::intake {
namespace {

class PlaceStageTest : public LoaderFixture {};

constexpr const char* kHospital = R"(
  {"resource": {"resourceType": "Organization", "id": "org-4711", "name": "Praxis Dr. Vogelsang",
    "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov"}]}],
    "identifier": [{"value": "260123456"}], "telecom": [{"value": "+49 761 123456"}],
    "address": [{"line": ["Talstrasse 17"], "city": "Freiburg", "postalCode": "D-79106", "country": "DE"}]}},
  {"resource": {"resourceType": "Location", "id": "ward-3", "name": "Station Vogelsang 3",
    "physicalType": {"coding": [{"code": "wa"}]}, "position": {"latitude": 48.0061, "longitude": 7.8382}}},
  {"resource": {"resourceType": "Location", "id": "home", "name": "Erika Mustermann",
    "type": [{"coding": [{"code": "PTRES"}]}], "address": {"city": "Winzeln", "postalCode": "66954"}}},
  {"resource": {"resourceType": "Practitioner", "id": "doc-0815", "identifier": [{"value": "999012345"}],
    "name": [{"family": "Vogelsang", "given": ["Friedhelm"]}], "birthDate": "1960-01-01", "gender": "male"}},
  {"resource": {"resourceType": "PractitionerRole", "id": "role-1", "practitioner": {"reference": "Practitioner/doc-0815"},
    "organization": {"reference": "Organization/org-4711"},
    "specialty": [{"coding": [{"system": "http://snomed.info/sct", "code": "394810000"}]}]}})";

constexpr const char* kVisits = R"(
  {"resource": {"resourceType": "Patient", "id": "pat-1001", "birthDate": "1961"}},
  {"resource": {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/pat-1001"}, "period": {"start": "2024-02-01"},
    "participant": [{"individual": {"reference": "RelatedPerson/x"}},
                    {"individual": {"reference": "Practitioner/other"}},
                    {"type": [{"coding": [{"code": "ATND"}]}], "individual": {"reference": "Practitioner/doc-0815"}}],
    "serviceProvider": {"reference": "Organization/org-4711", "display": "Praxis Dr. Vogelsang"}}},
  {"resource": {"resourceType": "Encounter", "id": "e2", "status": "finished", "class": {"code": "IMP"},
    "subject": {"reference": "Patient/pat-1001"}, "period": {"start": "2024-03-01"},
    "participant": [{"individual": {"reference": "PractitionerRole/role-1"}}],
    "location": [{"location": {"reference": "Location/ward-3"}}]}},
  {"resource": {"resourceType": "Encounter", "id": "e3", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/pat-1001"}, "period": {"start": "2024-04-01"},
    "serviceProvider": {"reference": "Organization/nowhere"}}},
  {"resource": {"resourceType": "Observation", "id": "o1", "status": "final", "valueQuantity": {"value": 12, "code": "mg/L"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]}, "effectiveDateTime": "2024-02-16",
    "subject": {"reference": "Patient/pat-1001"}, "performer": [{"reference": "Organization/org-4711"},
                                                                {"reference": "Practitioner/doc-0815"}]}},
  {"resource": {"resourceType": "Procedure", "id": "p1", "status": "completed", "performedDateTime": "2024-02-16",
    "code": {"text": "Gastroskopie"}, "subject": {"reference": "Patient/pat-1001"},
    "performer": [{"actor": {"reference": "PractitionerRole/role-1"}}]}})";

TEST_F(PlaceStageTest, HidesNamesInKindsAndSpecialtiesThatAreTexts) {
  Load(std::string(kHospital) + R"(,
  {"resource": {"resourceType": "Organization", "id": "org-2", "type": [{"text": "Praxis Dr. Vogelsang"}],
    "address": [{"city": "Freiburg"}]}},
  {"resource": {"resourceType": "Practitioner", "id": "doc-2", "name": [{"family": "Sonnleitner"}]}},
  {"resource": {"resourceType": "PractitionerRole", "id": "role-2", "practitioner": {"reference": "Practitioner/doc-2"},
    "specialty": [{"text": "Rheumatologie, Vertretung: Vogelsang"}]}})");
  EXPECT_EQ(Count("care_site WHERE place_of_service_source_value = 'Praxis Dr. [hidden]'"), "1");
  EXPECT_EQ(Count("provider WHERE specialty_source_value = 'Rheumatologie, Vertretung: [hidden]'"),
            "2");
  EXPECT_EQ(TablesWith("Vogelsang"), "");
}

TEST_F(PlaceStageTest, FillsCareSitesProvidersAndLocationsWithoutAName) {
  for (int times = 0; times < 2; ++times) {
    const ImportReport report = Load(std::string(kVisits) + "," + kHospital);
    EXPECT_EQ(report.kinds.at("care_site").loaded, 2);
    EXPECT_EQ(report.kinds.at("provider").loaded, 2);
    EXPECT_EQ(report.ignored_by_reason.at("Location: somebody's home"), 1);
    EXPECT_EQ(
        Count(
            "care_site WHERE care_site_name IS NULL AND place_of_service_source_value = 'prov' AND "
            "place_of_service_concept_id = 0 AND length(care_site_source_value) = 32"),
        "1");
    EXPECT_EQ(
        Text("SELECT care_site_name FROM care_site WHERE place_of_service_source_value = 'wa'"),
        "Station [hidden] 3");
    EXPECT_EQ(
        Text(
            "SELECT city || ' ' || zip || ' ' || country_source_value FROM location JOIN care_site "
            "USING (location_id)"),
        "Freiburg 791 DE");
    EXPECT_EQ(Count("location"), "1");
    EXPECT_EQ(Count("location WHERE address_1 IS NULL AND latitude IS NULL AND county IS NULL"),
              "1");
    EXPECT_EQ(
        Count("provider WHERE provider_name IS NULL AND npi IS NULL AND year_of_birth IS NULL AND "
              "gender_concept_id IS NULL AND specialty_source_value = '394810000' AND "
              "specialty_concept_id = 0"),
        "2")
        << "the role, and who has it alone";
    EXPECT_EQ(Text("SELECT count(DISTINCT provider_source_value) FROM provider"), "1");
    EXPECT_EQ(Count("provider JOIN care_site USING (care_site_id)"), "2");
    EXPECT_EQ(
        Count("clinnova.provider_role r JOIN provider p ON p.provider_id = r.practitioner_id"),
        "1");
    EXPECT_EQ(
        Count("clinnova.provenance WHERE table_name IN ('care_site', 'provider', 'location') AND "
              "line IS NOT NULL"),
        "5");
    for (const char* word :
         {"Vogelsang", "Friedhelm", "260123456", "999012345", "123456", "Talstrasse", "79106",
          "Mustermann", "Winzeln", "48.0061", "org-4711", "doc-0815"}) {
      EXPECT_EQ(TablesWith(word), "") << word;
    }
  }
}

TEST_F(PlaceStageTest, LetsVisitsAndRecordsReferToThem) {
  Load(std::string(kVisits) + "," + kHospital);
  EXPECT_EQ(Count("visit_occurrence v JOIN care_site c USING (care_site_id) JOIN provider p ON "
                  "p.provider_id = "
                  "v.provider_id WHERE visit_start_date = '2024-02-01' AND "
                  "place_of_service_source_value = 'prov'"),
            "1");
  EXPECT_EQ(Count("visit_occurrence v JOIN care_site c USING (care_site_id) JOIN "
                  "clinnova.provider_role r ON "
                  "r.provider_id = v.provider_id WHERE visit_start_date = '2024-03-01' AND "
                  "place_of_service_source_value = 'wa'"),
            "1");
  EXPECT_EQ(
      Count("visit_occurrence WHERE visit_start_date = '2024-04-01' AND care_site_id IS NULL AND "
            "provider_id IS NULL"),
      "1")
      << "a place that is not in the store";
  EXPECT_EQ(Count("measurement JOIN provider USING (provider_id)"), "1");
  EXPECT_EQ(Count("procedure_occurrence JOIN clinnova.provider_role USING (provider_id)"), "1");
}

TEST_F(PlaceStageTest, ReplacesAndTakesBack) {
  Load(std::string(kVisits) + "," + kHospital);
  std::string moved = kHospital;
  moved.replace(moved.find("\"city\": \"Freiburg\""), 18, "\"city\": \"Titisee\"");
  Load(moved);
  EXPECT_EQ(Text("SELECT city FROM location"), "Titisee");
  EXPECT_EQ(Count("visit_occurrence JOIN care_site USING (care_site_id)"), "2")
      << "visits keep theirs";
  std::string closed = kHospital;
  closed.insert(closed.find("\"id\": \"org-4711\""), R"("modifierExtension": [{"url": "x"}], )");
  const ImportReport report = Load(closed);
  EXPECT_EQ(report.quarantined_by_rule.at("fhir.modifier_extension"), 1);
  EXPECT_EQ(Count("location"), "1") << "the reader hands over no version to take back";
  std::string second = std::string(kHospital) + R"(,
    {"resource": {"resourceType": "PractitionerRole", "id": "role-2", "specialty": [{"text": "surgery"}],
      "practitioner": {"reference": "Practitioner/doc-0815"}}})";
  Load(second);
  EXPECT_EQ(Count("provider WHERE specialty_source_value IS NULL AND care_site_id IS NULL"), "1")
      << "of two roles, none goes before the other";
  EXPECT_EQ(Count("provider"), "3");
}

TEST_F(PlaceStageTest, RefusesWhatNothingCanReferTo) {
  const ImportReport report =
      Load(R"({"resource": {"resourceType": "Organization", "name": "x"}})");
  EXPECT_EQ(report.quarantined_by_rule.at("id.missing"), 1);
  EXPECT_EQ(Count("care_site"), "0");
}

TEST_F(PlaceStageTest, KeepsOfAPostalCodeWhatManyShare) {
  const auto zip = [&](const std::string& code) {
    Load(
        R"({"resource": {"resourceType": "Organization", "id": "o", "address": [{"city": "x", "postalCode": ")" +
        code + R"("}]}})");
    return Text("SELECT zip FROM location");
  };
  EXPECT_EQ(zip("79106"), "791");
  EXPECT_EQ(zip("01199-4147"), "011");
  EXPECT_EQ(zip("L-1526"), "15");
  EXPECT_EQ(zip("8006"), "80");
  EXPECT_EQ(zip("75013 "), "750");
  EXPECT_EQ(zip("011994147"), "011");
  EXPECT_EQ(zip("SW1A 1AA"), "NULL");
  EXPECT_EQ(zip("12"), "NULL");
}

}  // namespace
}  // namespace clinnova::intake
