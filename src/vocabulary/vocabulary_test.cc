// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "vocabulary/code_system.h"

namespace clinnova::vocabulary {
namespace {

struct CodeCase {
  const char* system;
  const char* code;
  std::int64_t concept_id;  ///< 0 = unknown
};

TEST(Vocabulary, ResolvesTheCodesOfFourCountries) {
  const Vocabulary vocabulary;
  const std::initializer_list<CodeCase> cases = {
      {"http://hl7.org/fhir/sid/icd-10", "M05.8", 4035611},
      {"http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M05.80", 4035611},
      {"http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M05.80 G", 4035611},
      {"CIM10", "M0504", 4035611},
      {"ICD10CM", "M05.79", 4035611},
      {"ICD10GM", "M06.0-", 4083556},
      {"ICD10CM", "M06.9", 80809},
      {"ICD10CM", "M06.1", 2000000001},
      {"ICD10", "M06.4", 2000000002},
      {"ICD10", "M08.0", 0},
      {"ICD10", "M0", 0},
      {"http://snomed.info/sct", "69896004", 80809},
      {"http://www.whocc.no/atc", "L04AB04", 1119119},
      {"http://fhir.de/CodeSystem/bfarm/atc", "L04AA29", 42904205},
      {"ATC", "L04AF01", 42904205},
      {"ATC", "L04AA13", 1101898},
      {"ATC", "L04AK01", 1101898},
      {"ATC", "L04AB99", 0},
      {"http://www.nlm.nih.gov/research/umls/rxnorm", "105586", 19007333},
      {"http://loinc.org", "1988-5", 3020460},
      {"http://loinc.org", "4537-7", 3013707},
      {"http://hl7.org/fhir/administrative-gender", "female", 8532},
      {"Gender", "weiblich", 8532},
      {"Gender", "1", 8507},
      {"http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP", 9201},
      {"", "1988-5", 0},
      // Crohn's disease, ulcerative colitis, multiple sclerosis in four modifications of ICD-10.
      {"ICD10CM", "K50.012", 201606},
      {"http://fhir.de/CodeSystem/bfarm/icd-10-gm", "K50.80", 201606},
      {"CIM10", "K508", 201606},
      {"ICD10", "K51.2", 75580},
      {"CIM10", "K513", 81893},
      {"ICD10GM", "K52.3", 4074815},
      {"ICD10CM", "G35", 374919},
      {"ICD10GM", "G35.10", 374919},
      {"ICD10", "G37.9", 2000000003},
      {"ICD10", "C50.9", 443392},
      {"ICD10", "H46", 374954},
      // The codes of before and after 2024 are one drug.
      {"ATC", "L04AA33", 45774639},
      {"ATC", "L04AG05", 45774639},
      {"ATC", "L04AA44", 1361580},
      {"ATC", "L04AA50", 2000000164},
      {"ATC", "L04AE04", 2000000164},
      {"ATC", "N07XX09", 43526424},
      {"ATC", "L04AX07", 43526424},
      {"LOINC", "38445-3", 3048689},
      {"http://fhir.de/CodeSystem/bfarm/ops", "1-650.1", 4249893},
      {"CCAM", "HHQE002", 4249893},
      {"http://www.bfs.admin.ch/chop", "45.23", 4249893},
      {"ICD-10-PCS", "B030ZZZ", 37311324},
      {"CCAM", "ACQN001", 37311324},
      {"Clinnova", "EDSS", 2000000701},
      {"Clinnova", "L3", 2000000643},
  };
  for (const CodeCase& c : cases) {
    const Concept* found = vocabulary.Resolve(c.system, c.code);
    EXPECT_EQ(found == nullptr ? 0 : found->id, c.concept_id) << c.system << " " << c.code;
  }
}

TEST(Vocabulary, KnowsWhichDrugsAClassHolds) {
  const Vocabulary vocabulary;
  const auto anti_tnf = vocabulary.Descendants(vocabulary.Resolve("Clinnova", "anti-TNF")->id);
  EXPECT_EQ(anti_tnf.size(), 6u) << "the class and its five ingredients";
  EXPECT_TRUE(std::count(anti_tnf.begin(), anti_tnf.end(), 1119119));
  const auto all = vocabulary.Descendants(vocabulary.Resolve("Clinnova", "b/tsDMARD")->id);
  EXPECT_TRUE(std::count(all.begin(), all.end(), 1119119));
  EXPECT_TRUE(std::count(all.begin(), all.end(), 46275123))
      << "a tocilizumab product, two levels down";
  EXPECT_FALSE(std::count(all.begin(), all.end(), 1305058)) << "methotrexate is conventional";
  const auto pairs = vocabulary.AncestorPairs();
  EXPECT_TRUE(std::count(pairs.begin(), pairs.end(),
                         std::pair<std::int64_t, std::int64_t>(2000000120, 46275123)));
}

struct ValueCase {
  std::int64_t concept_id;
  double number;
  const char* unit;
  std::optional<double> canonical;
};

TEST(Vocabulary, BringsValuesToTheCanonicalUnit) {
  const Vocabulary vocabulary;
  const std::initializer_list<ValueCase> cases = {
      {3020460, 1.2, "mg/dl", 12.0},
      {3020460, 12, "mg/L", 12.0},
      {3020460, 12, "mmol/L", std::nullopt},
      {3000963, 138, "g/L", 13.8},
      {3000963, 8.5, "mmol/l", 8.5 * 1.6114},
      {3016723, 0.81, "mg/dL", 0.81 * 88.42},
      {3016723, 8.1, "mg/L", 0.81 * 88.42},
      {3016723, 72, "µmol/L", 72.0},
      {3000905, 7.3, "Tsd/µl", 7.3},
      {3006923, 30, "UI/L", 30.0},
      {2000000201, 20, "kU/l", 20.0},
      {2000000301, 4, "1", 4.0},
      {2000000305, 50, "mm", 50.0},
      {3048689, 250, "mg/kg", 250.0},
      {3024561, 3.8, "g/dL", 38.0},
      {2000000204, 9.5, "ng/L", 9.5},
      {2000000701, 3.5, "1", 3.5},
  };
  for (const ValueCase& c : cases) {
    const Unit* unit = vocabulary.units().Find(c.unit);
    ASSERT_NE(unit, nullptr) << c.unit;
    const auto value = vocabulary.ToCanonical(*vocabulary.Find(c.concept_id), c.number, *unit);
    ASSERT_EQ(value.has_value(), c.canonical.has_value()) << c.concept_id << " " << c.unit;
    if (!value) continue;
    EXPECT_NEAR(value->number, *c.canonical, 1e-12 * *c.canonical) << c.unit;
  }
}

TEST(Vocabulary, GivesOneSpellingToACode) {
  EXPECT_EQ(CodeSystemName("http://loinc.org/"), "LOINC");
  EXPECT_EQ(CodeSystemName("https://example.org/local"), "https://example.org/local");
  EXPECT_EQ(NormalCode("ICD10GM", " m05.8-† "), "M058");
  EXPECT_EQ(NormalCode("LOINC", " 1988-5 "), "1988-5");
}

/// Every identifier below 2,000,000,000 that the public concept list holds must name the same thing
/// there: same domain, same code where both have one.
TEST(Vocabulary, AgreesWithThePublicConceptList) {
  const char* folder = std::getenv("CLINNOVA_SHARED_DATA");
  std::ifstream file(std::string(folder ? folder : CLINNOVA_SOURCE_DIR "/../shared/data") +
                     "/vocabulary/concepts.csv");
  if (!file) GTEST_SKIP() << "no concept list";
  const Vocabulary vocabulary;
  std::string line;
  int compared = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line.find('"') != line.npos) continue;
    std::vector<std::string> f(1);
    for (const char c : line) {
      if (c == ',')
        f.emplace_back();
      else
        f.back() += c;
    }
    if (f.size() < 7 || f[0] == "concept_id") continue;
    const Concept* found = vocabulary.Find(std::stoll(f[0]));
    if (found == nullptr) continue;
    ++compared;
    EXPECT_EQ(found->domain, f[2]) << line;
    if (found->vocabulary == f[3] && f[3] != "UCUM" && !found->code.empty()) {
      EXPECT_EQ(found->code, f[6].substr(0, f[6].find('\r'))) << line;
    }
  }
  EXPECT_GT(compared, 100);
}

}  // namespace
}  // namespace clinnova::vocabulary
