// SPDX-License-Identifier: Apache-2.0
// Devices, imaging studies and series: from the resource to the row, and that nothing names an implant.
#include "intake/fhir_devices.h"

#include <gtest/gtest.h>

#include "intake/fhir_texts_fixture.h"
#include "intake/loader_fixture.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

class FhirDevicesTest : public LoaderFixture, protected FhirTexts {};

constexpr const char* kPatient =
    R"({"resource": {"resourceType": "Patient", "id": "pat-1001", "birthDate": "1961"}})";

constexpr const char* kImplant = R"(,
  {"resource": {"resourceType": "DeviceUseStatement", "id": "u1", "status": "active",
    "subject": {"reference": "Patient/pat-1001"}, "device": {"reference": "urn:uuid:d1", "display": "Hip SN-778899"},
    "timingPeriod": {"start": "2023-04-05T06:07:08Z", "end": "2024-04-05"}}},
  {"fullUrl": "urn:uuid:d1", "resource": {"resourceType": "Device", "id": "hip", "patient": {"reference": "Patient/pat-1001"},
    "type": {"coding": [{"system": "http://snomed.info/sct", "code": "304120007", "display": "Total hip prosthesis"}]},
    "udiCarrier": [{"deviceIdentifier": "09504000059118", "carrierHRF": "(01)09504000059118(17)141120(21)SN-778899"}],
    "identifier": [{"value": "INV-4711-2"}], "serialNumber": "SN-778899", "lotNumber": "7654321D"}})";

TEST_F(FhirDevicesTest, LoadsTheUseOfADeviceWithoutItsSerialNumber) {
  for (int times = 0; times < 2; ++times) {
    const ImportReport report = Load(std::string(kPatient) + kImplant);
    EXPECT_EQ(report.kinds.at("device").loaded, 1);
    EXPECT_EQ(report.ignored_by_reason.at("Device: read with the records that refer to it"), 1);
    EXPECT_EQ(report.unmapped.at(0).kind, "device");
    EXPECT_EQ(
        Count(
            "device_exposure WHERE device_concept_id = 0 AND device_source_value = '304120007' AND "
            "device_exposure_start_datetime = '2023-04-05 06:07:08' AND device_exposure_end_date = "
            "'2024-04-05' AND device_type_concept_id = 32817 AND unique_device_id = "
            "'09504000059118' AND "
            "production_id IS NULL"),
        "1");
    EXPECT_EQ(Count("clinnova.provenance WHERE table_name = 'device_exposure'"), "1");
    for (const char* word : {"778899", "INV-4711", "7654321D", "141120"})
      EXPECT_EQ(TablesWith(word), "") << word;
  }
  EXPECT_EQ(Text("SELECT max(observation_period_end_date) FROM observation_period"), "2024-04-05");
}

TEST_F(FhirDevicesTest, TakesOnlyTheModelOutOfAUdi) {
  const auto unique = [&](const std::string& identifier) {
    std::string text = std::string(kPatient) + kImplant;
    text.replace(text.find("\"09504000059118\""), 16, "\"" + identifier + "\"");
    Load(text);
    return Text("SELECT unique_device_id FROM device_exposure");
  };
  EXPECT_EQ(unique("(01)09504000059118(17)141120(21)X1"), "09504000059118");
  EXPECT_EQ(unique("010950400005911817141120"), "09504000059118");
  EXPECT_EQ(unique("+H123PARTNO1234567890120/SERIAL"), "NULL") << "not known where the model ends";
}

TEST_F(FhirDevicesTest, InventsNoDayOfUse) {
  const ImportReport report = Load(std::string(kPatient) + R"(,
    {"resource": {"resourceType": "Device", "id": "pump", "patient": {"reference": "Patient/pat-1001"},
      "deviceName": [{"name": "Pump 3", "type": "model-name"}], "manufactureDate": "2020-01-01"}},
    {"resource": {"resourceType": "Device", "id": "analyser", "type": {"text": "analyser"}}},
    {"resource": {"resourceType": "DeviceUseStatement", "id": "u2", "status": "intended",
      "subject": {"reference": "Patient/pat-1001"}, "device": {"reference": "Device/analyser"}}},
    {"resource": {"resourceType": "DeviceUseStatement", "id": "u3", "status": "active", "timingDateTime": "2024-01-01",
      "subject": {"reference": "Patient/pat-1001"}, "device": {"reference": "Device/elsewhere"}}})");
  EXPECT_EQ(report.quarantined_by_rule.at("date.missing"), 1) << "the pump";
  EXPECT_EQ(report.quarantined_by_rule.at("fhir.device"), 1);
  EXPECT_EQ(report.ignored_by_reason.at("DeviceUseStatement: a plan"), 1);
  EXPECT_EQ(Count("device_exposure"), "0");
}

constexpr const char* kStudy = R"(,
  {"resource": {"resourceType": "ImagingStudy", "id": "i1", "status": "available", "started": "2023-04-05T06:07:08Z",
    "identifier": [{"value": "urn:oid:1.2.840.99999.7"}],
    "subject": {"reference": "Patient/pat-1001"}, "procedureReference": {"reference": "Procedure/mri"}, "series": [
      {"uid": "1.2.840.1", "modality": {"code": "MR"}, "bodySite": {"code": "12738006", "display": "Brain"},
       "numberOfInstances": 30},
      {"uid": "1.2.840.2", "modality": {"code": "MR"}, "bodySite": {"code": "12738006"}, "instance": [{"uid": "1"}, {"uid": "2"}]}]}})";
constexpr const char* kMri = R"(,
  {"resource": {"resourceType": "Procedure", "id": "mri", "status": "completed", "performedDateTime": "2023-04-05",
    "code": {"text": "MRI of the head"}, "subject": {"reference": "Patient/pat-1001"}}})";

TEST_F(FhirDevicesTest, KeepsWhatAnImagingStudyIs) {
  for (int times = 0; times < 2; ++times) {
    Load(std::string(kPatient) + kStudy);
    EXPECT_EQ(
        Count(
            "clinnova.imaging i JOIN procedure_occurrence p USING (procedure_occurrence_id, "
            "person_id) WHERE "
            "modality_source_value = 'MR' AND body_site_concept_id = 0 AND body_site_source_value "
            "= '12738006' "
            "AND series_count = 2 AND instance_count = 32 AND started_at = '2023-04-05 06:07:08'"),
        "1")
        << "its own procedure";
    EXPECT_EQ(TablesWith("1.2.840"), "") << "numbers of pictures";
  }
  Load(std::string(kPatient) + kStudy + kMri);
  EXPECT_EQ(
      Count("clinnova.imaging JOIN procedure_occurrence USING (procedure_occurrence_id) WHERE "
            "procedure_source_value = 'MRI of the head'"),
      "1")
      << "the procedure that it is part of";
  EXPECT_EQ(Count("clinnova.imaging"), "1");
}

TEST_F(FhirDevicesTest, SaysNoBodySiteOfSeveral) {
  const SourceRecord record =
      One(R"({"resourceType": "ImagingStudy", "id": "i", "modality": [{"code": "CT"}],
    "numberOfSeries": 9, "series": [{"modality": {"code": "SR"}, "bodySite": {"code": "a"}}, {"bodySite": {"code": "b"}}]})");
  const auto& imaging = std::get<SourceImaging>(record.details->of);
  EXPECT_EQ(imaging.modality, "CT; SR");
  EXPECT_TRUE(imaging.body_site.empty());
  EXPECT_EQ(imaging.series, 9);
  EXPECT_EQ(imaging.instances, std::nullopt) << "not every series says how many";
}

std::string Series(const std::string& data, const std::string& more = "") {
  return R"({"resourceType": "Observation", "id": "s1", "status": "final", "subject": {"reference": "Patient/pat-1001"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, "effectiveDateTime": "2024-02-16T10:00:00",
    "device": {"reference": "Device/watch"}, "valueSampledData": {"origin": {"value": 60, "code": "/min"}, "period": 1000,
    "factor": 0.5, "dimensions": 1, "data": ")" +
         data + "\"}" + more + "}";
}

constexpr const char* kWatch =
    R"(, {"resource": {"resourceType": "Device", "id": "watch", "type": {"text": "wrist-worn sensor"}}})";

TEST_F(FhirDevicesTest, KeepsTheMeanOfASeriesAndItsWindow) {
  const std::string entries =
      std::string(kPatient) + kWatch + ", {\"resource\": " + Series("20 22 E 24 U") + "}";
  for (int times = 0; times < 2; ++times) {
    const ImportReport report = Load(entries);
    EXPECT_EQ(report.kinds.at("biomarker").loaded, 1);
    EXPECT_EQ(
        Count("clinnova.biomarker WHERE value = 71 AND sample_count = 3 AND measurement_id IS NULL "
              "AND "
              "metric_source_value = '8867-4' AND device_source_value = 'wrist-worn sensor' AND "
              "window_start = '2024-02-16 10:00:00' AND window_end = '2024-02-16 10:00:04' AND "
              "unit_source_value = '/min'"),
        "1");
    EXPECT_EQ(Count("measurement"), "0") << "a mean is not a measurement";
    EXPECT_EQ(Count("clinnova.provenance WHERE table_name = 'clinnova.biomarker'"), "1");
  }
  Load(std::string(kPatient) + ", {\"resource\": " + Series("20", ", \"note\": []") + "}");
  EXPECT_EQ(Text("SELECT value FROM clinnova.biomarker"), "70.0") << "corrected";
}

TEST_F(FhirDevicesTest, HidesTheSerialNumberOfWhatMeasured) {
  const ImportReport report =
      Load(std::string(kPatient) + R"(, {"resource": {"resourceType": "Device", "id": "watch",
    "type": {"text": "wrist-worn sensor SN-778899"}, "serialNumber": "SN-778899"}}, {"resource": )" +
           Series("20") + "}");
  EXPECT_EQ(report.kinds.at("biomarker").loaded, 1);
  EXPECT_EQ(Text("SELECT device_source_value FROM clinnova.biomarker"),
            "wrist-worn sensor [hidden]");
  EXPECT_EQ(TablesWith("778899"), "");
}

// What an observation is kept as depends on the form of its value: a correction may change the form.
TEST_F(FhirDevicesTest, ReplacesAnObservationWhoseValueChangesItsForm) {
  const auto with = [](const std::string& value) {
    return std::string(kPatient) +
           R"(, {"resource": {"resourceType": "Observation", "id": "s1", "status": "final",
      "subject": {"reference": "Patient/pat-1001"}, "effectiveDateTime": "2024-02-16",
      "code": {"text": "pulse"}, )" +
           value + "}}";
  };
  const std::string series = std::string(kPatient) + ", {\"resource\": " + Series("20 22") + "}";
  const auto quantity = [&] { return with(R"("valueQuantity": {"value": 71, "code": "/min"})"); };
  const auto rows = [&] {
    return Count("clinnova.biomarker") + " " + Count("measurement") + " " + Count("observation") +
           " " + Count("clinnova.provenance WHERE table_name <> 'person'");
  };
  Load(series);
  EXPECT_EQ(rows(), "1 0 0 1");
  Load(quantity());
  EXPECT_EQ(rows(), "0 1 0 1") << "a series that became a number";
  Load(with(R"("valueString": "regular")"));
  EXPECT_EQ(rows(), "0 0 1 1") << "a number that became a text";
  Load(series);
  EXPECT_EQ(rows(), "1 0 0 1") << "a text that became a series";
  std::string withdrawn = with(R"("note": [])");
  withdrawn.replace(withdrawn.find("final"), 5, "entered-in-error");
  Load(withdrawn);
  EXPECT_EQ(rows(), "0 0 0 0") << "withdrawn, without its value";
}

TEST_F(FhirDevicesTest, RefusesASeriesWithoutNumbersOrOfSeveralValues) {
  std::string planes = Series("1 2 3 4");
  planes.replace(planes.find("\"dimensions\": 1"), 15, "\"dimensions\": 2");
  planes.replace(planes.find("\"s1\""), 4, "\"s2\"");
  const ImportReport report =
      Load(std::string(kPatient) + ", {\"resource\": " + Series("E U L 1e999 12x") +
           "}, {\"resource\": " + planes + "}");
  EXPECT_EQ(report.quarantined_by_rule.at("value.missing"), 1);
  EXPECT_EQ(report.quarantined_by_rule.at("fhir.value_type"), 1);
  EXPECT_EQ(Count("clinnova.biomarker"), "0");
}

TEST_F(FhirDevicesTest, KeepsAWindowOfADeviceBesideTheMeasurement) {
  constexpr const char* kSteps =
      R"(, {"resource": {"resourceType": "Observation", "id": "steps", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "41950-7"}]}, "subject": {"reference": "Patient/pat-1001"},
    "effectivePeriod": {"start": "2024-02-16", "end": "2024-02-17"}, "device": {"reference": "Device/watch"}CATEGORY,
    "valueQuantity": {"value": 8123, "code": "{steps}"}}})";
  const auto load = [&](const std::string& category) {
    std::string text = std::string(kPatient) + kWatch + kSteps;
    Load(text.replace(text.find("CATEGORY"), 8, category));
  };
  load("");
  EXPECT_EQ(
      Count(
          "clinnova.biomarker b JOIN measurement m USING (measurement_id) WHERE b.value = 8123 AND "
          "value_as_number = 8123 AND b.window_start = '2024-02-16' AND b.window_end = "
          "'2024-02-17' AND "
          "sample_count IS NULL AND device_source_value = 'wrist-worn sensor'"),
      "1");
  load(R"(, "category": [{"coding": [{"code": "laboratory"}]}])");
  EXPECT_EQ(Count("clinnova.biomarker"), "0") << "an analyser's";
  EXPECT_EQ(Count("measurement"), "1");
}

TEST_F(FhirDevicesTest, SurvivesElementsOfTheWrongType) {
  for (const char* type : {"Device", "DeviceUseStatement", "ImagingStudy", "Observation"}) {
    for (const char* value :
         {"null", "7", "-1e308", "\"x\"", "[]", "[[1]]", "{}", "[null, {\"a\": 1}]",
          R"({"data": "1 2", "period": 1e300, "factor": 1e308, "origin": {"value": 1e308}})"}) {
      std::string text = std::string("{\"resourceType\": \"") + type + "\"";
      for (const char* name :
           {"id", "patient", "subject", "type", "deviceName", "udiCarrier", "identifier",
            "serialNumber", "device", "timingPeriod", "series", "modality", "numberOfSeries",
            "numberOfInstances", "procedureReference", "valueSampledData", "component",
            "effectivePeriod"}) {
        text += std::string(", \"") + name + "\": " + value;
      }
      Read(text + "}");
    }
  }
}

}  // namespace
}  // namespace clinnova::intake
