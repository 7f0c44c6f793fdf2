// SPDX-License-Identifier: Apache-2.0
// What FHIR R4 adds to FHIRPath (http://hl7.org/fhir/R4/fhirpath.html, sections 2.9.1.2 to 2.9.1.7).
#include <gtest/gtest.h>

#include "intake/fhirpath.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kObservation = R"({
  "resourceType": "Observation", "id": "o", "status": "final",
  "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>CRP</p></div>"},
  "category": [{"id": "one", "text": "a", "coding": [{"system": "s", "code": "x", "display": "X"}]},
               {"id": "two", "text": "b", "coding": [{"system": "s", "code": "y"},
                                                      {"system": "s", "code": "x", "version": "2"}]},
               {"text": "b", "coding": [{"system": "other", "code": "x"}]}, {"text": "b"}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
  "effectiveDateTime": "2024-03-01",
  "component": [
    {"code": {"text": "years"}, "valueQuantity": {"value": 2, "unit": "yr", "system": "http://unitsofmeasure.org", "code": "a"}},
    {"code": {"text": "minutes"}, "valueQuantity": {"value": 3, "system": "http://unitsofmeasure.org", "code": "min"}},
    {"code": {"text": "tablets"}, "valueQuantity": {"value": 4, "unit": "mg", "system": "http://example.org", "code": "mg"}},
    {"code": {"text": "mass"}, "valueQuantity": {"value": 5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}]
})";

/// The items' types and values, {"type":…,"value":…}, without brackets; or the error's line after "error: ".
std::string Of(std::string_view expression) {
  const JsonDocument document = ParseJsonTree(kObservation).value();
  const auto path = FhirPath::Parse(expression, "Observation");
  if (!path) return "error: " + path.error().message;
  Arena memory;
  const auto items = path->Evaluate({}, FhirPath::Root(document.root()), memory);
  if (!items) return "error: " + items.error().message;
  const std::string all = ItemsJson(*items);
  return all.substr(1, all.size() - 2);
}

constexpr std::string_view kTrue = R"({"type":"boolean","value":true})";
constexpr std::string_view kFalse = R"({"type":"boolean","value":false})";

void ExpectTrue(std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) EXPECT_EQ(Of(expression), kTrue) << expression;
}

void ExpectFalse(std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) EXPECT_EQ(Of(expression), kFalse) << expression;
}

void ExpectNothing(std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) EXPECT_EQ(Of(expression), "") << expression;
}

TEST(FhirPathInFhir, TakesAPrimitiveForItsValueWhereThatIsAsked) {
  EXPECT_EQ(Of("status.as(System.String)"), R"({"type":"string","value":"final"})");
  EXPECT_EQ(Of("status as System.String"), R"({"type":"string","value":"final"})");
  EXPECT_EQ(Of("status.ofType(System.string)"), R"({"type":"string","value":"final"})");
  EXPECT_EQ(Of("component[1].value.value.ofType(System.Decimal)"),
            R"({"type":"decimal","value":3})");
  EXPECT_EQ(Of("component[3].value.as(System.Quantity)"),
            R"({"type":"Quantity","value":{"value":5,"unit":"mg",)"
            R"("system":"http://unitsofmeasure.org","code":"mg"}})");
  ExpectTrue({"status.is(System.string).not()", "status.getValue().is(System.string)"});
  ExpectNothing({"status.as(System.Boolean)", "code.as(System.String)", "code.as(System.Quantity)",
                 "component[2].value.as(System.Quantity)", "status.as(string)"});
}

TEST(FhirPathInFhir, ConvertsAQuantityInUcumOnly) {
  ExpectTrue({"component[0].value = 2 years", "component[0].value = 24 months",
              "component[0].value ~ 2 'a'", "component[0].value > 1 year",
              "component[1].value = 3 'min'", "component[1].value = 180 seconds",
              "component[3].value = 0.005 'g'"});
  ExpectNothing({"component[0].value = 2 'a'", "component[2].value.toQuantity()",
                 "component[2].value > 1 'mg'", "component[2].value < 5",
                 "component[2].value + 1 'mg'", "component[2].value.lowBoundary()",
                 "-component[2].value", "component[2].value.abs()"});
  ExpectTrue({"-component[3].value = -5 'mg'", "(-5 'mg').abs() = component[3].value.abs()"});
  ExpectFalse({"component[2].value = 4 'mg'", "component[2].value = component[3].value"});
  ExpectTrue({"component[2].value = component[2].value"});
  // A UCUM year is no calendar's year, a FHIR Quantity of it is.
  EXPECT_EQ(Of("effective + component[0].value"), R"({"type":"dateTime","value":"2026-03-01"})");
  EXPECT_EQ(Of("effective + 2 'a'").substr(0, 6), "error:");
}

TEST(FhirPathInFhir, ComparesCodesByWhatTheyMean) {
  ExpectTrue({"category[0] ~ category[1]", "category[0].coding ~ category[1].coding[1]",
              "category[1].coding[1] ~ category[0].coding"});
  ExpectFalse({"category[0] = category[1]", "category[0] ~ category[2]",
               "category[2] ~ category[3]", "category[0].coding ~ category[1].coding[0]",
               "category[0].coding = category[1].coding[1]"});
}

TEST(FhirPathInFhir, LeavesOutIdsAndOrderInEquivalence) {
  constexpr std::string_view kNames = R"({"resourceType": "Patient", "name": [
      {"id": "a", "family": "MUSTER", "given": ["Anna", "Eva"]},
      {"id": "b", "family": "Muster", "given": ["eva", "anna"]},
      {"family": "Muster", "given": ["Eva", "Eva"]}]})";
  const JsonDocument document = ParseJsonTree(kNames).value();
  const auto value = [&](const char* expression) {
    const auto path = FhirPath::Parse(expression, "Patient");
    Arena memory;
    return ItemsJson(*path->Evaluate({}, FhirPath::Root(document.root()), memory));
  };
  EXPECT_EQ(value("name[0] ~ name[1]"), "[" + std::string(kTrue) + "]");
  EXPECT_EQ(value("name[1] ~ name[0]"), "[" + std::string(kTrue) + "]");
  EXPECT_EQ(value("name[0] = name[1]"), "[" + std::string(kFalse) + "]");
  EXPECT_EQ(value("name[0] ~ name[2]"), "[" + std::string(kFalse) + "]");
  EXPECT_EQ(value("name[2] ~ name[1]"), "[" + std::string(kFalse) + "]");
}

TEST(FhirPathInFhir, KnowsItsVariablesInQuotesOfEachKind) {
  ExpectTrue({"%\"vs-x\" = 'http://hl7.org/fhir/ValueSet/x'", "%`vs-x` = %\"vs-x\"",
              "%'ext-x' = 'http://hl7.org/fhir/StructureDefinition/x'"});
}

TEST(FhirPathInFhir, TellsPrimitivesByTheirValue) {
  ExpectTrue({"status.hasValue()", "'5'.hasValue()"});
  ExpectFalse({"code.hasValue()", "(5 'mg').hasValue()", "note.hasValue()",
               "status.type().hasValue()", "category.text.hasValue()"});
  ExpectNothing({"(5 'mg').getValue()", "note.getValue()"});
}

TEST(FhirPathInFhir, ChecksNarratives) {
  ExpectTrue({"text.`div`.htmlChecks()"});
  ExpectNothing({"status.htmlChecks()", "note.text.htmlChecks()"});
}

TEST(FhirPathInFhir, AsksForAServerOnlyWhereItNeedsOne) {
  ExpectTrue({"category[0].coding.subsumes(category[1].coding[1])",
              "category[0].subsumedBy(category[1])", "category[1].subsumes(category[0].coding)"});
  ExpectNothing({"note.memberOf('http://x')", "subject.subsumes(code)", "code.subsumes({})",
                 "note.slice('http://x', 'y')", "note.elementDefinition()"});
  for (const char* expression : {"code.subsumes(category[0])", "status.subsumes(code)",
                                 "code.memberOf('http://x')", "code.elementDefinition()"}) {
    EXPECT_EQ(Of(expression).substr(0, 6), "error:") << expression;
  }
}

}  // namespace
}  // namespace clinnova::intake
