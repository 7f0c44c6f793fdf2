// SPDX-License-Identifier: Apache-2.0
// The language over one small resource. Expected values follow the specification's text and its published tests.
#include "intake/fhirpath.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

constexpr std::string_view kPatient = R"({
  "resourceType": "Patient", "id": "example", "active": true, "gender": "male",
  "birthDate": "1974-12-25",
  "_birthDate": {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                                "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
  "deceasedBoolean": false, "multipleBirthInteger": 2,
  "name": [{"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
           {"use": "usual", "given": ["Jim"]},
           {"use": "maiden", "family": "Windsor", "given": ["Peter", null],
            "_given": [null, {"id": "g2"}]}],
  "contact": [{"gender": "female", "name": {"family": "du Marché"}}],
  "managingOrganization": {"reference": "#org"},
  "contained": [{"resourceType": "Organization", "id": "org", "name": "Gastroenterology"}]
})";

constexpr std::string_view kObservation = R"({
  "resourceType": "Observation", "id": "weight", "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
  "issued": "2015-02-07T13:28:17.239+02:00",
  "valueQuantity": {"value": 185.50, "unit": "lbs", "system": "http://unitsofmeasure.org",
                    "code": "[lb_av]"}
})";

/// The items as JSON, or the error's line after "error: ".
std::string Of(std::string_view resource, std::string_view expression) {
  const JsonDocument document = ParseJsonTree(resource).value();
  const JsonTree& tree = document.root();
  const auto path = FhirPath::Parse(expression, tree.Text("resourceType"));
  if (!path) return "error: " + path.error().message;
  Arena memory;
  const auto items = path->Evaluate({}, FhirPath::Root(tree), memory);
  return items ? ItemsJson(*items) : "error: " + items.error().message;
}

/// The values alone: true, 1, "a".
std::string Values(std::string_view resource, std::string_view expression) {
  const std::string items = Of(resource, expression);
  if (items.starts_with("error")) return items;
  std::string out;
  const JsonDocument tree = ParseJsonTree(items).value();
  for (const JsonTree& item : tree.root().items()) {
    if (!out.empty()) out += ' ';
    AppendJson(*item.Find("value"), out);
  }
  return out;
}

struct Case {
  const char* expression;
  const char* values;
};

void ExpectAll(std::string_view resource, std::initializer_list<Case> cases) {
  for (const auto& [expression, values] : cases) {
    EXPECT_EQ(Values(resource, expression), values) << expression;
  }
}

void ExpectErrors(std::string_view resource, std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) {
    EXPECT_TRUE(Of(resource, expression).starts_with("error: "))
        << expression << Of(resource, expression);
  }
}

TEST(FhirPath, NamesTypesAsFhirDoes) {
  EXPECT_EQ(Of(kPatient, "name.given.first()"), R"([{"type":"string","value":"Peter"}])");
  EXPECT_EQ(
      Of(kPatient, "gender | birthDate | id"),
      R"([{"type":"code","value":"male"},{"type":"date","value":"1974-12-25"},{"type":"id","value":"example"}])");
  EXPECT_EQ(Of(kPatient, "contact.name"),
            R"([{"type":"HumanName","value":{"family":"du Marché"}}])");
  EXPECT_EQ(Of(kPatient, "contact.type().name"),
            R"([{"type":"string","value":"BackboneElement"}])");
  EXPECT_EQ(
      Of(kPatient, "1 | 1.50 | true | @2015 | @T12 | @2016T"),
      R"([{"type":"integer","value":1},{"type":"decimal","value":1.50},{"type":"boolean","value":true},)"
      R"({"type":"date","value":"2015"},{"type":"time","value":"12"},{"type":"dateTime","value":"2016"}])");
  EXPECT_EQ(Of(kObservation, "value.value"), R"([{"type":"decimal","value":185.50}])");
  EXPECT_EQ(
      Of(kPatient, "4 'mg'"),
      R"([{"type":"Quantity","value":{"value":4,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}])");
  EXPECT_EQ(Of(kPatient, "photo"), "[]");
}

TEST(FhirPath, FollowsPaths) {
  ExpectAll(kPatient, {{"Patient.name.given", R"("Peter" "James" "Jim" "Peter" null)"},
                       {"name.`given`.count()", "5"},
                       {"name[1].given", R"("Jim")"},
                       {"name.given.select($this.hasValue())", "true true true true false"},
                       {"deceased", "false"},
                       {"birthDate.value.type().namespace", R"("System")"},
                       {"multipleBirth.ofType(integer)", "2"},
                       {"Resource.id", R"("example")"},
                       {"managingOrganization.resolve().name", R"("Gastroenterology")"},
                       {"contained.id", R"("org")"},
                       {"birthDate.extension(%`ext-patient-birthTime`).value",
                        R"("1974-12-25T14:35:45-05:00")"},
                       {"children().count() > 10", "true"},
                       {"descendants().ofType(HumanName).count()", "4"},
                       {"repeat(contact).name.family", R"("du Marché")"}});
}

TEST(FhirPath, SaysWhatIsWrongBeforeItRuns) {
  ExpectErrors(kPatient, {"2 + 2 /",
                          "name.",
                          "name.where(",
                          "2 /* open",
                          "'open",
                          "@2015-13",
                          "@@",
                          "$that",
                          "name.foo()",
                          "name.first(1)",
                          "name.given1",
                          "Encounter.name",
                          "valueString",
                          "name.ofType(string1)",
                          "gender is Nothing",
                          "%unknown",
                          "'\\ud83e'",
                          "1 2",
                          "(1",
                          "@T14:34:28Z",
                          "name.where(given1 = 'x')",
                          ""});
  EXPECT_EQ(Of(kPatient, "name.given1"),
            "error: found no element \"given1\" in HumanName, expected one of FHIR R4");
  EXPECT_EQ(Of(kPatient, "2 + 2 /"), "error: found the end at character 8, expected an expression");
  EXPECT_TRUE(Of(kPatient, std::string(5000, '(')).starts_with("error"));
  EXPECT_TRUE(Of(
                  kPatient, "1" +
                                [] {
                                  std::string sum;
                                  for (int i = 0; i < 5000; ++i) sum += "+1";
                                  return sum;
                                }())
                  .starts_with("error"));
}

TEST(FhirPath, RefusesWhatDoesNotGoTogether) {
  ExpectErrors(kPatient,
               {"name.single()", "(1 | 2).not()", "iif('x', 1, 2)", "(true | 'foo').allTrue()",
                "-1.convertsToInteger()", "1 > 2 is Boolean", "'a' - 'b'", "1 < 'a'",
                "birthDate + 7", "birthDate + 1 'mo'", "@T10:30 + 1 day", "@T10:30 - 2 'wk'",
                "(1 | 2) & 'b'", "name.as(HumanName)", "name.startsWith('x')",
                "gender.memberOf('http://x')", "conformsTo('http://trash')", "'a'.matches('(')"});
}

TEST(FhirPath, BindsOperatorsAsTheGrammarDoes) {
  ExpectAll(kPatient, {{"1+2*3+4", "11"},
                       {"-name.given.count() = -5", "true"},
                       {"(1 | 1 is Integer).count()", "2"},
                       {"true and '0215' in ('0215' | '0216')", "true"},
                       {"2 // comment\n * 3", "6"},
                       {"'a' & {} & 'b'", R"("ab")"},
                       {"7 div 2", "3"},
                       {"7 mod 2", "1"},
                       {"2.2 mod 1.8", "0.4"},
                       {"1 / 2", "0.5"},
                       {"1 / 0", ""},
                       {"0.1 + 0.2", "0.3"},
                       {"9223372036854775807 + 1", ""}});
}

TEST(FhirPath, KnowsThreeTruthValues) {
  ExpectAll(kPatient, {{"true and {}", ""},
                       {"false and {}", "false"},
                       {"{} or true", "true"},
                       {"{} or false", ""},
                       {"{} xor true", ""},
                       {"{} implies true", "true"},
                       {"false implies {}", "true"},
                       {"true implies {}", ""},
                       {"{} = {}", ""},
                       {"{} ~ {}", "true"},
                       {"(true and 'foo')", "true"},
                       {"(0).not()", "false"}});
}

TEST(FhirPath, ComparesAsFarAsIsKnown) {
  ExpectAll(kPatient, {{"@2018-03 < @2018-03-01", ""},
                       {"@2012-04-15T15:00:00Z = @2012-04-15T10:00:00", ""},
                       {"@2012-04-15T15:00:00+02:00 = @2012-04-15T16:00:00+03:00", "true"},
                       {"@2012-04-17T15:00:00Z > @2012-04-15T10:00:00", "true"},
                       {"@T10:30:00 = @T10:30:00.0", "true"},
                       {"birthDate != @T12:14", "true"},
                       {"@2012-04-15 ~ @2012-04-15T10:00:00", "false"},
                       {"now() > birthDate", "true"},
                       {"now() > today()", ""},
                       {"(1 | 2) ~ (2 | 1)", "true"},
                       {"(1 | 2) = (2 | 1)", "false"},
                       {"'A\tb' ~ 'a B'", "true"},
                       {"'A  b' ~ 'a B'", "false"},  // each blank for one blank
                       {"'Épée' ~ 'éPÉE'", "true"},
                       {"1.2 / 1.8 ~ 0.67", "true"},
                       {"1.10 = 1.1", "true"}});
}

TEST(FhirPath, ComparesAndConvertsQuantities) {
  ExpectAll(kPatient, {{"4.0000 'g' = 4000.0 'mg'", "true"},
                       {"4 'g' ~ 4040 'mg'", "true"},
                       {"7 days = 1 week", "true"},
                       {"7 days = 1 'wk'", "true"},
                       {"1 month = 1 'mo'", ""},
                       {"1 year ~ 1 'a'", "true"},
                       {"1 year = 12 months", "true"},
                       {"2.0 'cm' * 2.0 'm' = 0.040 'm2'", "true"},
                       {"(2 'm' * 3 'm').toString()", R"("6 'm2'")"},
                       {"1 'kg' = 1 'm'", "false"},
                       {"1 'kg' < 1 'm'", ""},
                       {"1 year = 365 days", "true"},
                       {"4.0 'g' / 2.0 'm' = 2 'g/m'", "true"},
                       {"(1 'g' + 1 'mg').toString()", R"("1001 'mg'")"},
                       {"(12 'cm2' / 3 'cm').toString()", R"("4 'cm'")"},
                       {"(12 'cm' * 3 'cm2').toString()", R"("36 'cm3'")"},
                       {"(10 'kg.m/s2' / 2 'kg').toString()", R"("5 'm/s2'")"},
                       {"(10 'm/s' / 2 's').toString()", R"("5 'm/s2'")"},
                       {"(10 'g/mL' * 2 'mL').toString()", R"("20 'g'")"},
                       {"(6 / 2 's').toString()", R"("3 '/s'")"},
                       {"(2 '10*3/uL' * 3 'uL').toString()", R"("6 '(10*3/uL).uL'")"},
                       {"4 'g' + 1", ""},
                       {"(4 '1' + 1).toString()", R"("5 '1'")"},
                       {"(1 - 4 '1').toString()", R"("-3 '1'")"},
                       {"1 'cm'.comparable(1 '[in_i]')", "true"},
                       {"1 'cm'.comparable(1 's')", "false"},
                       {"'4.5 \\'mg\\''.toQuantity().value", "4.5"},
                       {"5 'g'.toQuantity('mg').value", "5000"},
                       {"'1 \\'wk\\''.toQuantity('days').toString()", R"("7 days")"},
                       {"'1 \\'wk\\''.toQuantity('\\'d\\'').toString()", R"("7 'd'")"},
                       {"1 year.toQuantity('months').toString()", R"("12 months")"},
                       {"1 'wk'.toQuantity('g')", ""}});
  ExpectAll(kObservation, {{"value = 185.5 '[lb_av]'", "true"},
                           {"value > 80 'kg'", "true"},
                           {"value != 185 'kg'", "true"},
                           {"value.value > 180.0", "true"},
                           {"issued is instant", "true"},
                           {"value is Quantity", "true"}});
}

TEST(FhirPath, AddsDurationsToDates) {
  ExpectAll(kPatient,
            {{"@1973-12-25 + 7.7 days", R"("1974-01-01")"},
             {"@1974-12-25 - 1 month", R"("1974-11-25")"},
             {"@2012-02-29 + 1 year", R"("2013-02-28")"},
             {"@2012-01-31 + 1 month", R"("2012-02-29")"},
             {"@2014 + 24 months", R"("2016")"},
             {"@1973-12-25T00:00:00.000+10:00 + 10 'ms'", R"("1973-12-25T00:00:00.010+10:00")"},
             {"@T23:30 + 1 hour", R"("00:30")"},
             {"@9999 + 1 year", ""}});
}

TEST(FhirPath, GivesBoundariesAndPrecision) {
  ExpectAll(kPatient,
            {{"1.587.lowBoundary()", "1.58650000"},
             {"1.587.highBoundary(2)", "1.59"},
             {"(-1.587).lowBoundary(2)", "-1.59"},
             {"1.587.lowBoundary(32)", ""},
             {"@2014.lowBoundary(6)", R"("2014-01")"},
             {"@2014-02.highBoundary()", R"("2014-02-28")"},
             {"@2014-01-01T08:05+08:00.highBoundary(17)", R"("2014-01-01T08:05:59.999+08:00")"},
             {"@2010-10-10T.lowBoundary()", R"("2010-10-10T00:00:00.000+14:00")"},
             {"@T10:30.highBoundary(9)", R"("10:30:59.999")"},
             {"1.58700.precision()", "5"},
             {"@T10:30.precision()", "4"}});
}

TEST(FhirPath, FiltersProjectsAndCombines) {
  ExpectAll(kPatient, {{"name.where(use = 'usual').given", R"("Jim")"},
                       {"name.select(given | family).count()", "7"},
                       {"(1 | 2 | 3 | 4).aggregate($this + $total, 2)", "12"},
                       {"(3 | 1 | 2).sort(-$this)", "3 2 1"},
                       {"name.sort(family desc).use", R"("maiden" "official" "usual")"},
                       {"(1 | 2).combine(2).count()", "3"},
                       {"(1 | 2 | 4).sum()", "7"},
                       {"(1 | 2).avg()", "1.5"},
                       {"(3 | 1 | 2).min()", "1"},
                       {"('a' | 'b').max()", R"("b")"},
                       {"photo.title.join(',')", ""},
                       {"(1 | 2 | 3).intersect(2 | 4)", "2"},
                       {"(1 | 2 | 3).exclude(2)", "1 3"},
                       {"(1 | 2 | 3).skip(1).take(1)", "2"},
                       {"(1 | 2).subsetOf(1 | 2 | 3)", "true"},
                       {"name.all(given.exists())", "true"},
                       {"iif(false, 1 / 'a', 'other')", R"("other")"},
                       {"telecom.select(iif(value = 'x', $index, {}))", ""},
                       {"name.given.defineVariable('g').where(%g.count() = 5).count()", "5"},
                       {"defineVariable(defineVariable('p', 'q').select(%p), "
                        "defineVariable('p', 'value').select(%p)).select(%q)",
                        R"("value")"},
                       {"'aaa'.replace(defineVariable('p', 'aaa').select(%p), "
                        "defineVariable('p', 'bbb').select(%p))",
                        R"("bbb")"},
                       {"name.repeat('test')", R"("test")"}});
}

TEST(FhirPath, TakesAnElementWithoutAValueForNothing) {
  ExpectAll(kPatient, {{"name[2].given.count()", "2"},
                       {"name[2].given[1] & 'x'", R"("x")"},
                       {"name[2].given[1] + 'x'", ""},
                       {"-name[2].given[1]", ""},
                       {"name[2].given[1] < 'x'", ""},
                       {"name[2].given.join(',')", R"("Peter")"},
                       {"name[2].given.select($this & '!')", R"("Peter!" "!")"},
                       {"'x'.startsWith(name[2].given[1])", ""},
                       {"name[2].given[1].upper()", ""}});
  constexpr std::string_view kUnknown = R"({"resourceType": "Observation",
    "_effectiveDateTime": {"extension": [{"url": "u", "valueCode": "unknown"}]},
    "_valueInteger": {"id": "v"}})";
  ExpectAll(kUnknown, {{"effective > @2000", ""},
                       {"effective + 1 year", ""},
                       {"value.ofType(integer) + 1", ""},
                       {"value.ofType(integer).abs()", ""},
                       {"2.power(value.ofType(integer))", ""},
                       {"value.ofType(integer).exists()", "true"}});
}

TEST(FhirPath, WorksOnTexts) {
  ExpectAll(kPatient,
            {{"contact.name.family.length()", "9"},
             {"contact.name.family.upper()", R"("DU MARCHÉ")"},
             {"'12345'.substring(1, 2)", R"("23")"},
             {"'12345'.substring(9)", ""},
             {"'abc'.replace('', 'x')", R"("xaxbxcx")"},
             {"'A\nB'.matches('A.*B')", "true"},
             {"'a/Library/b'.matchesFull('Library')", "false"},
             {"'abc123'.replaceMatches('[0-9]', '-')", R"("abc---")"},
             {"'11/30/1972'.replaceMatches('(\\\\d+)/(\\\\d+)', '$2-$1')", R"("30-11/1972")"},
             {"'A,,C'.split(',').count()", "3"},
             {"name.family.join('; ')", R"("Chalmers; Windsor")"},
             {"'subjects?_d'.encode('urlbase64')", R"("c3ViamVjdHM_X2Q=")"},
             {"'c3ViamVjdHM/X2Q='.decode('base64')", R"("subjects?_d")"},
             {"'74657374'.decode('hex')", R"("test")"},
             {"'\"1<2\"'.escape('html')", R"("&quot;1&lt;2&quot;")"},
             {"' a '.trim()", R"("a")"},
             {"'t2'.toChars()", R"("t" "2")"},
             {"'LogicalModel-Person'.indexOf('-')", "12"},
             {"'P\\u0065ter'", R"("Peter")"},
             {"'\\uD83E\\uDDB6'", R"("🦶")"},
             // A backslash before anything else is left out.
             {"'\\p\\\\p\\3\\u005\\uZZZZ'", R"("p\\p3u005uZZZZ")"}});
}

TEST(FhirPath, ConvertsBetweenTypes) {
  ExpectAll(kPatient, {{"'1'.toInteger()", "1"},
                       {"'1.0'.convertsToInteger()", "false"},
                       {"true.toDecimal()", "1.0"},
                       {"'False'.toBoolean()", "false"},
                       {"2.toBoolean()", ""},
                       {"1.0.toString()", R"("1.0")"},
                       {"1 week.toString()", R"("1 week")"},
                       {"'2015-02-04T14:34:28+10:00'.convertsToDateTime()", "true"},
                       {"'2015-02-04'.toDate()", R"("2015-02-04")"},
                       {"'2015-02'.toDate()", R"("2015-02")"},
                       {"'2015-02-04T14:34:28Z'.toDate()", ""},
                       {"@2015-02-04T14:34:28Z.toDate()", R"("2015-02-04")"},
                       {"'.5'.toDecimal()", ""},
                       {"'-0.5'.toDecimal()", "-0.5"},
                       {"'+.5'.convertsToDecimal()", "false"},
                       {"'1 wk'.convertsToQuantity()", "false"},
                       {"@2014-12-14.toString()", R"("2014-12-14")"}});
}

TEST(FhirPath, CalculatesToManyDigits) {
  ExpectAll(kPatient, {{"2.sqrt()", "1.414213562373095048801688724"},
                       {"(-1).sqrt()", ""},
                       {"16.log(2)", "4"},
                       {"2.power(10)", "1024"},
                       {"2.5.power(2)", "6.25"},
                       {"(-1).power(0.5)", ""},
                       {"3.14159.round(3)", "3.142"},
                       {"(-2.1).floor()", "-3"},
                       {"(-5.5 'mg').abs().value", "5.5"},
                       {"0.exp()", "1"}});
}

TEST(FhirPath, TellsTypesApart) {
  ExpectAll(kPatient, {{"active.is(boolean)", "true"},
                       {"active.is(Boolean)", "false"},
                       {"true is System.Boolean", "true"},
                       {"gender.is(string)", "true"},
                       {"gender.is(id)", "false"},
                       {"gender.as(string)", ""},
                       {"gender.as(code)", R"("male")"},
                       {"Patient.is(DomainResource)", "true"},
                       {"Patient.is(FHIR.`Patient`)", "true"},
                       {"1.type().namespace", R"("System")"},
                       {"conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "true"}});
}

TEST(FhirPath, GivesBackWhatCriteriaComputed) {
  std::string names;
  for (int i = 0; i < 10'000; ++i) {
    names += (i > 0 ? "," : "") + std::string(R"({"given": ["a", "b"]})");
  }
  const JsonDocument document =
      ParseJsonTree(R"({"resourceType": "Patient", "name": [)" + names + "]}").value();
  const auto path =
      FhirPath::Parse("name.where(given.first() & given.last() & 'c' = 'abc').count()", "Patient");
  Arena memory;
  const FhirPath::Options options;
  const auto items = path->Evaluate(options, FhirPath::Root(document.root()), memory);
  ASSERT_TRUE(items.has_value());
  EXPECT_EQ(ItemsJson(*items), R"([{"type":"integer","value":10000}])");
  // The names and those that were kept, in lists that grow by doubling; no texts.
  EXPECT_LT(memory.size(), 10'000 * 8 * sizeof(fhirpath::Item));
}

TEST(FhirPath, TracesWhatPasses) {
  const JsonDocument document = ParseJsonTree(kPatient).value();
  const JsonTree& tree = document.root();
  const auto path = FhirPath::Parse("name.trace('names', use).count()", "Patient");
  std::string seen;
  Arena memory;
  const auto items = path->Evaluate({.trace =
                                         [&](std::string_view name, const auto& traced) {
                                           seen = std::string(name) + std::to_string(traced.size());
                                         }},
                                    FhirPath::Root(tree), memory);
  ASSERT_TRUE(items.has_value());
  EXPECT_EQ(seen, "names3");
}

}  // namespace
}  // namespace clinnova::intake
