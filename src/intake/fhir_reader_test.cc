// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

class FhirReaderTest : public testing::Test {
 protected:
  FhirReaderTest()
      : path_(std::filesystem::temp_directory_path() /
              ("clinnova_fhir_" + std::to_string(::getpid()) + ".json")) {}
  ~FhirReaderTest() override { std::filesystem::remove(path_); }

  Result<void> Read(const std::string& text) {
    std::ofstream(path_) << text;
    FhirReader reader(kept_);
    CLINNOVA_TRY(reader.CollectReferred(path_));
    return reader.Read(path_, "export.json");
  }
  /// The one record of a resource.
  SourceRecord One(const std::string& text) {
    auto read = Read(text);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(kept_.records.size(), 1u);
    return kept_.records.empty() ? SourceRecord{} : kept_.records.front();
  }

  std::filesystem::path path_;
  RecordKeeper kept_;
};

TEST_F(FhirReaderTest, ReadsAPatient) {
  const SourceRecord person = One(R"({"resourceType": "Patient", "id": "p1", "gender": "female",
    "birthDate": "1961-07", "name": [{"family": "Muster", "given": ["Erika", "Maria"]}],
    "identifier": [{"system": "https://x/pid", "value": "4711"}]})");
  EXPECT_EQ(person.kind, RecordKind::kPerson);
  EXPECT_EQ(person.patient_id, "p1");
  EXPECT_EQ(person.sex, "female");
  EXPECT_EQ(person.birth->precision, SourceTime::Precision::kMonth);
  EXPECT_EQ(person.identity_words,
            (std::vector<std::string>{"Muster", "", "Erika", "Maria", "4711"}));
}

TEST_F(FhirReaderTest, MakesADeathOfADeceasedPatient) {
  ASSERT_TRUE(Read(R"({"resourceType": "Patient", "id": "p1", "birthDate": "1961-07-01",
                       "deceasedDateTime": "2020-01-02T10:00:00+01:00"})"));
  ASSERT_EQ(kept_.records.size(), 2u);
  EXPECT_EQ(kept_.records[1].kind, RecordKind::kDeath);
  EXPECT_EQ(kept_.records[1].patient_id, "p1");
  EXPECT_EQ(kept_.records[1].start->hour, 10);
  ASSERT_TRUE(Read(R"({"resourceType": "Patient", "id": "p2", "deceasedBoolean": true})"));
  EXPECT_EQ(kept_.ignored.at("Patient: a death without its date"), 1);
}

TEST_F(FhirReaderTest, ReadsALaboratoryValueWithItsTranslation) {
  const SourceRecord record = One(R"({"resourceType": "Observation", "id": "o1", "status": "final",
    "category": [{"coding": [{"code": "laboratory"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "59826-8"}]},
    "subject": {"reference": "https://server/fhir/Patient/p1/_history/3"},
    "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2024-02-29T13:05:01.123Z",
    "valueQuantity": {"comparator": "<", "value": 72, "unit": "µmol/l", "system": "http://unitsofmeasure.org",
      "code": "umol/L", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/quantity-translation",
         "valueQuantity": {"value": 0.81, "code": "mg/dL"}}]}})");
  EXPECT_EQ(record.kind, RecordKind::kMeasurement);
  EXPECT_EQ(record.id, "Observation/o1");
  EXPECT_EQ(record.patient_id, "p1");
  EXPECT_EQ(record.visit_id, "Encounter/e1");
  EXPECT_EQ(record.value->number, 72);
  EXPECT_EQ(record.value->comparator, "<");
  EXPECT_EQ(record.value->unit, "umol/L");
  ASSERT_EQ(record.value->translations.size(), 1u);
  EXPECT_EQ(record.value->translations[0].number, 0.81);
  EXPECT_EQ(record.start->second, 1);
}

TEST_F(FhirReaderTest, ReadsTheLimitsOfWhatIsNormal) {
  const auto limits = [&](const std::string& ranges) {
    kept_.records.clear();
    const SourceRecord record =
        One(R"({"resourceType": "Observation", "id": "o1", "status": "final",
      "code": {"text": "Leukocytes"}, "valueQuantity": {"value": 3.2, "unit": "/nanoliter", "code": "/nL"},
      "referenceRange": )" +
            ranges + "}");
    return std::pair(record.value->low.value_or(-1), record.value->high.value_or(-1));
  };
  using Limits = std::pair<double, double>;
  const std::string low = R"("low": {"value": 3.9, "code": "/nL"})";
  const std::string high = R"("high": {"value": 10.5, "unit": "/nL"})";
  EXPECT_EQ(limits("[{" + low + "," + high + "}]"), Limits(3.9, 10.5));
  EXPECT_EQ(limits("[{" + low + "}]"), Limits(3.9, -1));
  EXPECT_EQ(limits(R"([{"high": {"value": 10}}])"), Limits(-1, 10));
  EXPECT_EQ(limits(R"([{"low": {"value": 3.9, "unit": "/uL"},)" + high + "}]"), Limits(-1, 10.5));
  EXPECT_EQ(limits(R"([{"text": "3.9 to 10.5"}])"), Limits(-1, -1));
  // For whom it is, the laboratory has seen to; of two it has not said which.
  EXPECT_EQ(limits(R"([{"appliesTo": [{"text": "male"}],)" + low + "}]"), Limits(3.9, -1));
  EXPECT_EQ(limits("[{" + low + "},{" + high + "}]"), Limits(-1, -1));
  const auto of_type = [](const std::string& code) {
    return R"("type": {"coding": [{"code": ")" + code + R"("}]},)";
  };
  EXPECT_EQ(limits("[{" + of_type("therapeutic") + low + "},{" + of_type("normal") + high + "}]"),
            Limits(-1, 10.5));
}

TEST_F(FhirReaderTest, MakesOneRecordOfEveryComponent) {
  ASSERT_TRUE(Read(R"({"resourceType": "Observation", "id": "bp", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2024-02-29", "component": [
      {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
       "valueQuantity": {"value": 130, "code": "mm[Hg]"}},
      {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
       "dataAbsentReason": {"coding": [{"code": "not-performed"}]}}]})"));
  ASSERT_EQ(kept_.records.size(), 1u);
  EXPECT_EQ(kept_.records[0].id, "Observation/bp#8480-6#0");
  EXPECT_EQ(kept_.records[0].value->number, 130);
  EXPECT_EQ(kept_.records[0].source.path, "component[0]");
  EXPECT_EQ(kept_.ignored.at("Observation: a component without a value, not-performed"), 1);
}

TEST_F(FhirReaderTest, NeverOverlooksAModifierExtension) {
  ASSERT_TRUE(Read(R"({"resourceType": "Observation", "id": "o1", "status": "final",
    "modifierExtension": [{"url": "https://x/haemolysed", "valueBoolean": true}],
    "code": {"text": "Kalium"}, "subject": {"reference": "Patient/p1", "display": "Erika Muster"},
    "effectiveDateTime": "2024-02-29", "valueQuantity": {"value": 7, "code": "mmol/L"}})"));
  EXPECT_TRUE(kept_.records.empty());
  ASSERT_EQ(kept_.rejected.size(), 1u);
  EXPECT_EQ(kept_.rejected[0].rule, "fhir.modifier_extension");
  EXPECT_NE(kept_.rejected[0].raw.find("Kalium"), std::string::npos);
  EXPECT_EQ(kept_.rejected[0].raw.find("Erika"), std::string::npos);
}

TEST_F(FhirReaderTest, SaysWhyAnObservationHasNoValue) {
  ASSERT_TRUE(Read(
      R"({"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "CRP"},
    "dataAbsentReason": {"coding": [{"code": "error"}]}})"));
  EXPECT_EQ(kept_.ignored.at("Observation: without a value, error"), 1);
}

TEST_F(FhirReaderTest, FindsTheMedicationWhereverItStands) {
  const std::string bundle = R"({"resourceType": "Bundle", "type": "transaction", "entry": [
    {"fullUrl": "urn:uuid:a", "resource": {"resourceType": "MedicationAdministration", "id": "m1",
      "status": "completed", "medicationReference": {"reference": "urn:uuid:c"},
      "subject": {"reference": "urn:uuid:b"}, "effectivePeriod": {"start": "2024-01-01", "end": "2024-01-02"},
      "dosage": {"dose": {"value": 40, "code": "mg"}, "route": {"coding": [{"code": "20066000"}]}}}},
    {"resource": {"resourceType": "MedicationStatement", "id": "m2", "status": "active",
      "contained": [{"resourceType": "Medication", "id": "x", "code": {"coding": [
        {"system": "http://www.whocc.no/atc", "code": "L01BA01"}]}}],
      "medicationReference": {"reference": "#x"}, "subject": {"reference": "Patient/p1"},
      "effectiveDateTime": "2024"}},
    {"resource": {"resourceType": "MedicationRequest", "id": "m3", "status": "active", "intent": "plan",
      "medicationCodeableConcept": {"text": "MTX"}, "subject": {"reference": "Patient/p1"}}},
    {"resource": {"resourceType": "MedicationRequest", "id": "m4", "status": "active", "intent": "order",
      "medicationReference": {"reference": "Medication/none"}, "subject": {"reference": "Patient/p1"}}},
    {"fullUrl": "urn:uuid:b", "resource": {"resourceType": "Patient", "id": "p1", "birthDate": "1960"}},
    {"fullUrl": "urn:uuid:c", "resource": {"resourceType": "Medication", "id": "ada", "code": {"coding": [
        {"system": "http://fhir.de/CodeSystem/bfarm/atc", "code": "L04AB04"}]}}}]})";
  ASSERT_TRUE(Read(bundle));
  ASSERT_EQ(kept_.records.size(), 3u);
  EXPECT_EQ(kept_.records[0].codes.at(0).code, "L04AB04");
  EXPECT_EQ(kept_.records[0].patient_id, "p1") << "through urn:uuid";
  EXPECT_EQ(kept_.records[0].quantity, 40);
  EXPECT_EQ(kept_.records[0].route, "20066000");
  EXPECT_EQ(kept_.records[0].source.path, "Bundle.entry[0].resource");
  EXPECT_EQ(kept_.records[1].codes.at(0).code, "L01BA01");
  EXPECT_EQ(kept_.records[1].start->precision, SourceTime::Precision::kYear);
  EXPECT_EQ(kept_.ignored.at("MedicationRequest: a plan"), 1);
  ASSERT_EQ(kept_.rejected.size(), 1u);
  EXPECT_EQ(kept_.rejected[0].rule, "fhir.medication");
}

TEST_F(FhirReaderTest, FindsTheDeviceWhereverItStands) {
  ASSERT_TRUE(
      Read(R"({"resourceType": "DeviceUseStatement", "id": "u", "status": "active",)"
           R"( "subject": {"reference": "Patient/p1"}, "device": {"reference": "Device/d"},)"
           R"( "timingDateTime": "2024-01-02"}
{"resourceType": "Observation", "id": "o", "device": {"reference": "Device/d"}, "valueString": "x"}
{"resourceType": "Device", "id": "d", "patient": {"reference": "Patient/p1"}, "type": {"text": "pump"}}
)"));
  ASSERT_EQ(kept_.records.size(), 2u);
  EXPECT_EQ(kept_.records[0].kind, RecordKind::kDevice);
  EXPECT_EQ(kept_.records[0].codes.at(0).display, "pump");
  EXPECT_EQ(kept_.ignored.at("Device: read with the records that refer to it"), 1);
}

TEST_F(FhirReaderTest, ReadsNdjsonLineByLine) {
  ASSERT_TRUE(Read(R"({"resourceType": "Patient", "id": "p1", "birthDate": "1960-01-01"}
{"resourceType": "Patient", "id": "p2"

{"resourceType": "Slot", "id": "s"}
)"));
  EXPECT_EQ(kept_.records.size(), 1u);
  EXPECT_EQ(kept_.records[0].source.line, 1u);
  ASSERT_EQ(kept_.rejected.size(), 1u);
  EXPECT_EQ(kept_.rejected[0].rule, "fhir.json");
  EXPECT_EQ(kept_.rejected[0].source.line, 2u);
  EXPECT_EQ(kept_.ignored.at("Slot: not loaded"), 1);
}

/// Lines of more than one batch, of very different lengths, some of them no JSON.
TEST_F(FhirReaderTest, ReadsManyLinesInOrder) {
  std::string text;
  constexpr int kLines = 3000;
  for (int i = 0; i < kLines; ++i) {
    if (i % 100 == 7) {
      text += "{\"resourceType\": \"Patient\",\n";
      continue;
    }
    const std::string name(i % 500 == 0 ? 300'000 : i % 10 == 0 ? 10'000 : 10, 'n');
    text += R"({"resourceType": "Patient", "id": "p)" + std::to_string(i) +
            R"(", "birthDate": "1961-07", "name": [{"family": ")" + name + "\"}]}\n";
  }
  for (const bool cut : {false, true}) {
    kept_ = {};
    const auto read = Read(cut ? text + R"({"resourceType": "Patient", "id": "p)" : text);
    EXPECT_EQ(read.has_value(), !cut);
    ASSERT_EQ(kept_.records.size(), kLines * 99u / 100);
    ASSERT_EQ(kept_.rejected.size(), kLines / 100u);
    std::size_t record = 0;
    for (int i = 0; i < kLines; ++i) {
      const auto line = static_cast<std::uint64_t>(i) + 1;
      if (i % 100 == 7) {
        ASSERT_EQ(kept_.rejected[static_cast<std::size_t>(i / 100)].source.line, line);
        continue;
      }
      const SourceRecord& found = kept_.records[record++];
      ASSERT_EQ(found.source.line, line);
      ASSERT_EQ(found.patient_id, "p" + std::to_string(i));
      ASSERT_EQ(found.identity_words.front().size(), i % 500 == 0  ? 300'000u
                                                     : i % 10 == 0 ? 10'000u
                                                                   : 10u);
    }
  }
}

TEST_F(FhirReaderTest, SaysWhereATruncatedFileEnds) {
  auto bundle =
      Read(R"({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}},
                         {"resource": {"resourceType": "Pat)");
  ASSERT_FALSE(bundle.has_value());
  EXPECT_EQ(bundle.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(bundle.error().message,
            "export.json: ends too early, after byte 139, inside entry 2: nothing was loaded");
  auto lines =
      Read("{\"resourceType\": \"Slot\"}\n{\"resourceType\": \"Slot\"}\n{\"resourceType\": \"Sl");
  ASSERT_FALSE(lines.has_value());
  EXPECT_EQ(lines.error().message.substr(0, 32), "export.json:3: ends too early, a");
  auto broken = Read(R"({"resourceType": "Patient",, "id": "x"})");
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().message.find("not JSON"), std::string::npos);
}

TEST_F(FhirReaderTest, RefusesEveryTruncationOfABundle) {
  const std::string bundle =
      R"({"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:a", "resource": {"resourceType":)"
      R"("Patient", "id": "p\"1", "birthDate": "1960", "name": [{"family": "x{[", "given": []}]}}, {}]})";
  ASSERT_TRUE(Read(bundle));
  EXPECT_EQ(kept_.records.size(), 1u);
  for (std::size_t size = 0; size < bundle.size(); ++size) {
    EXPECT_FALSE(Read(bundle.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(kept_.records.size(), 1u) << "nothing of a truncated bundle reaches the sink";
}

TEST_F(FhirReaderTest, ReadsPastAByteOrderMark) {
  EXPECT_EQ(One("\xEF\xBB\xBF{\"resourceType\": \"Patient\", \"id\": \"p1\"}").patient_id, "p1");
}

TEST_F(FhirReaderTest, SurvivesElementsOfTheWrongType) {
  for (const char* type :
       {"Patient", "Encounter", "Condition", "Observation", "Procedure", "Consent",
        "MedicationRequest", "MedicationStatement", "Medication", "Bundle"}) {
    for (const char* value : {"null", "7", "\"x\"", "[]", "[[1]]", "{}", "[null, {\"a\": 1}]"}) {
      std::string text = std::string("{\"resourceType\": \"") + type + "\"";
      for (const char* name : {"id",
                               "status",
                               "code",
                               "subject",
                               "patient",
                               "period",
                               "name",
                               "identifier",
                               "component",
                               "valueQuantity",
                               "effectiveDateTime",
                               "category",
                               "provision",
                               "scope",
                               "entry",
                               "contained",
                               "medicationReference",
                               "dosage",
                               "class",
                               "birthDate",
                               "deceasedBoolean"}) {
        text += std::string(", \"") + name + "\": " + value;
      }
      EXPECT_TRUE(Read(text + "}").has_value()) << type << " " << value;
    }
  }
}

TEST_F(FhirReaderTest, ReadsConsents) {
  const std::string head =
      R"({"resourceType": "Consent", "id": "c", "patient": {"reference": "Patient/p1"}, )";
  const std::string scope =
      R"("scope": {"coding": [{"code": "research"}]}, "dateTime": "2020-01-01", )";
  const auto policy = [](const char* code, const char* type) {
    return std::string(R"("provision": {"type": "deny", "provision": [{"type": ")") + type +
           R"(", "code": [{"coding": [{"code": "2.16.840.1.113883.3.1937.777.24.5.3.)" + code +
           R"("}]}]}]}})";
  };
  const std::vector<std::pair<std::string, const char*>> cases = {
      {head + scope + R"("status": "active"})", "active"},
      {head + scope + R"("status": "inactive"})", "inactive"},
      {head + scope + R"("status": "active", "provision": {"type": "deny"}})", "rejected"},
      {head + scope + R"("status": "active", )" + policy("8", "permit"), "active"},
      {head + scope + R"("status": "active", )" + policy("8", "deny"), "rejected"},
      {head + scope + R"("status": "active", )" + policy("6", "permit"), "rejected"},
  };
  for (const auto& [text, status] : cases) {
    kept_.records.clear();
    const SourceRecord consent = One(text);
    EXPECT_EQ(consent.type, "research") << text;
    EXPECT_EQ(consent.status, status) << text;
    EXPECT_EQ(consent.patient_id, "p1");
    EXPECT_EQ(consent.start->year, 2020);
  }
}

TEST_F(FhirReaderTest, ReadsDispensesAndImmunizationsAsDrugs) {
  const SourceRecord dispense = One(R"({"resourceType": "MedicationDispense", "id": "d",
    "status": "completed", "subject": {"reference": "Patient/p1"}, "whenHandedOver": "2024-02-29",
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AB04"}]},
    "quantity": {"value": 2}})");
  EXPECT_EQ(dispense.kind, RecordKind::kDrug);
  EXPECT_EQ(dispense.type, "dispense");
  EXPECT_EQ(dispense.codes.front().code, "L04AB04");
  EXPECT_EQ(dispense.quantity, 2);
  kept_.records.clear();
  const SourceRecord vaccine =
      One(R"({"resourceType": "Immunization", "id": "i", "status": "completed",
    "patient": {"reference": "Patient/p1"}, "occurrenceDateTime": "2021-03",
    "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207"}]}})");
  EXPECT_EQ(vaccine.kind, RecordKind::kDrug);
  EXPECT_EQ(vaccine.patient_id, "p1");
  EXPECT_EQ(vaccine.codes.front().code, "207");
}

TEST_F(FhirReaderTest, DoesNotTakeAnAllergyForATreatment) {
  const SourceRecord allergy = One(R"({"resourceType": "AllergyIntolerance", "id": "a",
    "category": ["medication"], "patient": {"reference": "Patient/p1"}, "recordedDate": "2020-01-02",
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
    "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AX03", "display": "Methotrexate"}]}})");
  EXPECT_EQ(allergy.kind, RecordKind::kObservation);
  EXPECT_EQ(allergy.codes.front().code, "416098002");
  EXPECT_EQ(allergy.value->coded->code, "L04AX03");
  EXPECT_EQ(allergy.value->text, "Methotrexate");
  ASSERT_TRUE(Read(R"({"resourceType": "AllergyIntolerance", "id": "b",
    "patient": {"reference": "Patient/p1"}, "recordedDate": "2020-01-02"})"));
  EXPECT_EQ(kept_.rejected.front().rule, "value.missing");
}

TEST_F(FhirReaderTest, ReadsEveryConditionOfARelative) {
  ASSERT_TRUE(Read(R"({"resourceType": "FamilyMemberHistory", "id": "f", "status": "completed",
    "patient": {"reference": "Patient/p1"}, "date": "2022-05", "relationship": {"text": "mother"},
    "condition": [{"code": {"text": "psoriasis"}}, {"code": {"text": "Crohn's disease"}}]})"));
  ASSERT_EQ(kept_.records.size(), 2u);
  EXPECT_EQ(kept_.records[0].value->text, "mother: psoriasis");
  EXPECT_EQ(kept_.records[1].value->coded->display, "Crohn's disease");
  EXPECT_NE(kept_.records[0].id, kept_.records[1].id);
  EXPECT_EQ(kept_.records[1].source.path, "condition[1]");
}

TEST_F(FhirReaderTest, ReadsAReportsConclusionButNotItsResultsTwice) {
  ASSERT_TRUE(Read(R"({"resourceType": "DiagnosticReport", "id": "r", "status": "final",
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2024-02-29",
    "code": {"coding": [{"system": "http://loinc.org", "code": "18746-8"}]},
    "conclusionCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "64766004"}]}]})"));
  ASSERT_EQ(kept_.records.size(), 1u);
  EXPECT_EQ(kept_.records[0].codes.front().code, "18746-8");
  EXPECT_EQ(kept_.records[0].value->coded->code, "64766004");
  ASSERT_TRUE(Read(R"({"resourceType": "DiagnosticReport", "id": "s", "status": "final",
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2024-02-29", "code": {"text": "Blood"},
    "result": [{"reference": "Observation/1"}]})"));
  EXPECT_EQ(kept_.records.size(), 1u);
  EXPECT_EQ(kept_.ignored.at("DiagnosticReport: its results are records of their own"), 1);
}

TEST_F(FhirReaderTest, ReadsAnImagingStudyAsAProcedure) {
  const SourceRecord study =
      One(R"({"resourceType": "ImagingStudy", "id": "m", "status": "available",
    "subject": {"reference": "Patient/p1"}, "started": "2023-04-05T06:07:08Z",
    "series": [{"uid": "1", "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM",
                "code": "MR"}}]})");
  EXPECT_EQ(study.kind, RecordKind::kProcedure);
  EXPECT_EQ(study.codes.front().code, "MR");
}

TEST_F(FhirReaderTest, ReadsEveryAnswerOfAQuestionnaire) {
  ASSERT_TRUE(Read(R"({"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
    "questionnaire": "http://example.org/haq|2.0", "subject": {"reference": "Patient/p1"},
    "authored": "2024-02-29", "item": [
      {"linkId": "dressing", "text": "Dress yourself", "answer": [{"valueInteger": 2}]},
      {"linkId": "group", "item": [
        {"linkId": "aids", "answer": [{"valueCoding": {"code": "cane", "display": "Cane"},
           "item": [{"linkId": "since", "answer": [{"valueDate": "2020"}]}]}, {"valueBoolean": true}]},
        {"linkId": "empty", "answer": [{}]}]}]})"));
  ASSERT_EQ(kept_.records.size(), 4u);
  EXPECT_EQ(kept_.records[0].kind, RecordKind::kMeasurement);
  EXPECT_EQ(kept_.records[0].codes.front().system, "http://example.org/haq");
  EXPECT_EQ(kept_.records[0].codes.front().code, "dressing");
  EXPECT_EQ(kept_.records[0].value->number, 2);
  EXPECT_EQ(kept_.records[1].value->coded->code, "cane");
  EXPECT_EQ(kept_.records[2].value->text, "2020");
  EXPECT_EQ(kept_.records[3].value->text, "true");
  EXPECT_EQ(kept_.ignored.at("QuestionnaireResponse: an answer without a value"), 1);
  ASSERT_TRUE(Read(R"({"resourceType": "QuestionnaireResponse", "status": "in-progress"})"));
  EXPECT_EQ(kept_.ignored.at("QuestionnaireResponse: not finished"), 1);
}

TEST_F(FhirReaderTest, ReadsABundleFromMemoryWithItsMedications) {
  FhirReader reader(kept_);
  const auto read = reader.ReadText(R"({"resourceType": "Bundle", "entry": [
    {"resource": {"resourceType": "MedicationRequest", "id": "r1", "status": "active",
      "subject": {"reference": "Patient/p1"}, "authoredOn": "2024-02-01",
      "medicationReference": {"reference": "Medication/m1"}}},
    {"resource": {"resourceType": "Medication", "id": "m1",
      "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AB04"}]}}}]})",
                                    "prefetch.medications");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(kept_.records.size(), 1u);
  EXPECT_EQ(kept_.records[0].codes.at(0).code, "L04AB04");
  EXPECT_EQ(kept_.records[0].source.file, "prefetch.medications");
  const auto broken = reader.ReadText(R"({"resourceType": "Bundle", "entry": [)", "prefetch.x");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(broken.error().message.starts_with("prefetch.x: ends too early"));
}

TEST_F(FhirReaderTest, TakesTheStatusThatSaysItNeverWas) {
  const SourceRecord condition = One(R"({"resourceType": "Condition", "id": "c",
    "verificationStatus": {"coding": [{"code": "entered-in-error"}]}, "onsetDateTime": "nonsense"})");
  EXPECT_EQ(condition.status, "entered-in-error");
}

}  // namespace
}  // namespace clinnova::intake
