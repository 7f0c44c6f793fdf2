// SPDX-License-Identifier: Apache-2.0
#include "intake/record_resolver.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

SourceRecord Crp(double number, const std::string& unit) {
  SourceRecord record;
  record.kind = RecordKind::kMeasurement;
  record.patient_id = "p";
  record.codes = {{"LOINC", "1988-5", "", ""}};
  record.start = OnDay(2024, 2, 29);
  record.value = SourceValue{};
  record.value->number = number;
  record.value->unit = unit;
  return record;
}

class RecordResolverTest : public testing::Test {
 protected:
  std::string Rule(const SourceRecord& record) const {
    const ResolvedRecord resolved = resolver_.Resolve(record);
    const auto* rejection = std::get_if<Rejection>(&resolved);
    return rejection == nullptr ? "" : rejection->rule;
  }
  ResolvedEvent Event(const SourceRecord& record) const {
    const ResolvedRecord resolved = resolver_.Resolve(record);
    const auto* event = std::get_if<ResolvedEvent>(&resolved);
    EXPECT_NE(event, nullptr) << Rule(record);
    return event == nullptr ? ResolvedEvent{} : *event;
  }

  vocabulary::Vocabulary vocabulary_;
  RecordResolver resolver_{vocabulary_, "2026-11-23"};
};

TEST_F(RecordResolverTest, BringsAValueToItsUnitAndKeepsTheComparator) {
  SourceRecord record = Crp(0.06, "mg/dl");
  record.value->comparator = "<";
  const ResolvedEvent event = Event(record);
  EXPECT_EQ(event.concept_id, 3020460);
  EXPECT_DOUBLE_EQ(*event.number, 0.6);
  EXPECT_EQ(event.unit_concept_id, 8751);
  EXPECT_EQ(event.operator_concept_id, 4171756);
  EXPECT_EQ(event.comparator, "<");
  EXPECT_EQ(*event.original_number, 0.06);
  EXPECT_EQ(DayText(event.start.day), "2024-02-29");
}

TEST_F(RecordResolverTest, TakesATranslationWhereTheUnitDoesNotConvert) {
  SourceRecord record = Crp(114, "nmol/L");
  EXPECT_EQ(Rule(record), "unit.not_convertible");
  record.value->translations = {{1.2, "mg/dL"}};
  EXPECT_DOUBLE_EQ(*Event(record).number, 12.0);
}

TEST_F(RecordResolverTest, QuarantinesWhatItWouldHaveToGuess) {
  EXPECT_EQ(Rule(Crp(5, "")), "unit.missing");
  EXPECT_EQ(Rule(Crp(5, "mg/Ll")), "unit.unknown");
  EXPECT_EQ(Rule(Crp(5, "mmol/L")), "unit.not_convertible");
  EXPECT_EQ(Rule(Crp(-1, "mg/L")), "value.implausible");
  EXPECT_EQ(Rule(Crp(1001, "mg/L")), "value.implausible");
  SourceRecord text = Crp(5, "mg/L");
  text.value->number.reset();
  text.value->text = "hämolytisch";
  EXPECT_EQ(Rule(text), "value.not_a_number");
  text.value.reset();
  EXPECT_EQ(Rule(text), "value.missing");
  SourceRecord nobody = Crp(5, "mg/L");
  nobody.patient_id.clear();
  EXPECT_EQ(Rule(nobody), "patient.missing");
  SourceRecord nothing = Crp(5, "mg/L");
  nothing.codes.clear();
  EXPECT_EQ(Rule(nothing), "code.missing");
}

TEST_F(RecordResolverTest, ChecksDates) {
  SourceRecord record = Crp(5, "mg/L");
  record.start = OnDay(2026, 11, 24);
  EXPECT_EQ(Rule(record), "date.in_future");
  record.start = OnDay(2023, 2, 29);
  EXPECT_EQ(Rule(record), "date.invalid");
  record.start.reset();
  EXPECT_EQ(Rule(record), "date.missing");
  record.start = OnDay(2024, 5, 2);
  record.end = OnDay(2024, 5, 1);
  EXPECT_EQ(Rule(record), "date.end_before_start");
  record.end = OnDay(2024, 5, 1);
  record.end->precision = SourceTime::Precision::kMonth;
  EXPECT_EQ(Rule(record), "") << "May may end on the 31st";
}

TEST_F(RecordResolverTest, LoadsAnUnknownCodeWithConceptZero) {
  SourceRecord record = Crp(5, "furlong");
  record.codes = {{"http://loinc.org", "99999-9", "Something", ""}};
  const ResolvedEvent event = Event(record);
  EXPECT_EQ(event.concept_id, 0);
  EXPECT_TRUE(event.unmapped);
  EXPECT_EQ(event.source_value, "99999-9");
  EXPECT_EQ(*event.number, 5);
  EXPECT_EQ(event.unit_concept_id, 0);
}

TEST_F(RecordResolverTest, TakesTheFirstCodeThatIsKnown) {
  SourceRecord record;
  record.kind = RecordKind::kDrug;
  record.patient_id = "p";
  record.start = OnDay(2024, 1, 1);
  record.type = "administration";
  record.codes = {{"http://fhir.de/CodeSystem/ifa/pzn", "00887150", "", ""},
                  {"http://fhir.de/CodeSystem/bfarm/atc", "L04AB04", "", "2024"}};
  const ResolvedEvent event = Event(record);
  EXPECT_EQ(event.concept_id, 1119119);
  EXPECT_EQ(event.source_value, "L04AB04");
  EXPECT_EQ(event.type_concept_id, 32818);
  // A class is not a drug that somebody takes.
  record.codes = {{"Clinnova", "anti-TNF", "", ""}};
  EXPECT_EQ(Event(record).concept_id, 0);
}

TEST_F(RecordResolverTest, UnderstandsAnswersInFourLanguages) {
  for (const char* word : {"positiv", "Positif", "POSITIVE", "+"}) {
    SourceRecord record = Crp(0, "");
    record.codes = {{"LOINC", "11572-5", "", ""}};
    record.value->number.reset();
    record.value->text = word;
    EXPECT_EQ(Event(record).value_concept_id, 9191) << word;
  }
}

TEST_F(RecordResolverTest, ReadsPersonsAndConsents) {
  SourceRecord person;
  person.kind = RecordKind::kPerson;
  person.patient_id = "p";
  person.sex = "weiblich";
  EXPECT_EQ(Rule(person), "birth.missing");
  person.birth = OnDay(1850, 1, 1);
  EXPECT_EQ(Rule(person), "birth.implausible");
  person.birth = OnDay(1961, 7, 1);
  person.birth->precision = SourceTime::Precision::kMonth;
  const ResolvedRecord resolved = resolver_.Resolve(person);
  const auto& found = std::get<ResolvedPerson>(resolved);
  EXPECT_EQ(found.gender_concept_id, 8532);
  EXPECT_EQ(found.month, 7);
  EXPECT_FALSE(found.day.has_value()) << "only the month is known";

  SourceRecord consent;
  consent.kind = RecordKind::kConsent;
  consent.patient_id = "p";
  EXPECT_EQ(Rule(consent), "consent.purpose");
  consent.type = "research";
  EXPECT_EQ(Rule(consent), "consent.status");
  consent.status = "inactive";
  EXPECT_EQ(std::get<ResolvedConsent>(resolver_.Resolve(consent)).status, "withdrawn");
}

}  // namespace
}  // namespace clinnova::intake
