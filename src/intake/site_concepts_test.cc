// SPDX-License-Identifier: Apache-2.0
#include "intake/site_concepts.h"

#include <gtest/gtest.h>

#include "store/store.h"

namespace clinnova::intake {
namespace {

/// A store with a little of what Athena gives: 45591459 (ICD10CM M05.70) maps to 4116150.
store::Store StoreWithAthena() {
  store::Store store = std::move(store::Store::Open({}).value());
  const auto done = store.database().Execute(R"sql(
INSERT INTO clinnova.setting VALUES ('athena_version', 'v5.0 test');
INSERT INTO concept VALUES
  (45591459, 'RA without organ involvement', 'Condition', 'ICD10CM', 'billing', NULL, 'M05.70',
   DATE '2000-01-01', DATE '2099-12-31', NULL),
  (4116150, 'Rheumatoid arthritis of hand', 'Condition', 'SNOMED', 'Disorder', 'S', '201772003',
   DATE '2000-01-01', DATE '2099-12-31', NULL),
  (4300000, 'Another', 'Condition', 'SNOMED', 'Disorder', 'S', '999', DATE '2000-01-01',
   DATE '2099-12-31', NULL),
  (42537961, 'No longer', 'Condition', 'SNOMED', 'Disorder', NULL, '888', DATE '2000-01-01',
   DATE '2010-12-31', 'D');
INSERT INTO concept_relationship VALUES
  (45591459, 4300000, 'Maps to', DATE '2000-01-01', DATE '2099-12-31', NULL),
  (45591459, 4116150, 'Maps to', DATE '2000-01-01', DATE '2099-12-31', NULL),
  (45591459, 42537961, 'Maps to', DATE '2000-01-01', DATE '2099-12-31', NULL);
)sql");
  EXPECT_TRUE(done.has_value()) << done.error().message;
  return store;
}

std::int64_t Id(SiteConcepts& concepts, const SourceCode& code) {
  const auto* found = concepts.Resolve(code);
  EXPECT_TRUE(concepts.status().has_value());
  return found == nullptr ? 0 : found->id;
}

TEST(SiteConcepts, PrefersTheEmbeddedMeaningThenAthenasThenTheNearestAbove) {
  const vocabulary::Vocabulary vocabulary;
  store::Store store = StoreWithAthena();
  SiteConcepts concepts = SiteConcepts::Open(vocabulary, store.database()).value();
  EXPECT_EQ(Id(concepts, {"http://loinc.org", "1988-5", ""}), 3020460);
  EXPECT_EQ(Id(concepts, {"ICD10CM", "M05.70", ""}), 4116150) << "the smallest standard one";
  EXPECT_EQ(Id(concepts, {"ICD10CM", "M0570", ""}), 4116150) << "without its dot";
  EXPECT_EQ(Id(concepts, {"ICD10GM", "M05.79", ""}), 4035611) << "not in Athena: upwards";
  EXPECT_EQ(Id(concepts, {"SNOMED", "201772003", ""}), 4116150) << "standard itself";
  EXPECT_EQ(Id(concepts, {"SNOMED", "888", ""}), 0) << "retired, maps to nothing";
  EXPECT_EQ(Id(concepts, {"LAB", "XYZ", ""}), 0);
}

TEST(SiteConcepts, AsksAthenaForNothingWhereNoneIsLoaded) {
  const vocabulary::Vocabulary vocabulary;
  store::Store store = StoreWithAthena();
  ASSERT_TRUE(
      store.database().Execute("DELETE FROM clinnova.setting WHERE name = 'athena_version'"));
  SiteConcepts concepts = SiteConcepts::Open(vocabulary, store.database()).value();
  EXPECT_EQ(Id(concepts, {"ICD10CM", "M05.70", ""}), 4035611);
}

TEST(SiteConcepts, LetsTheSiteDecideFirst) {
  const vocabulary::Vocabulary vocabulary;
  store::Store store = StoreWithAthena();
  ASSERT_TRUE(store.database().Execute(R"sql(
INSERT INTO source_to_concept_map VALUES
  ('1988-5', 0, 'LOINC', NULL, 4300000, 'SNOMED', current_date, DATE '2099-12-31', NULL),
  ('CRP ultrasensitiv', 0, '', NULL, 3020460, 'LOINC', current_date, DATE '2099-12-31', NULL),
  ('M05.70', 0, 'ICD10CM', NULL, 0, 'None', current_date, DATE '2099-12-31', NULL),
  ('201772003', 0, 'SNOMED', NULL, 0, 'None', current_date, current_date, 'U');
)sql"));
  SiteConcepts concepts = SiteConcepts::Open(vocabulary, store.database()).value();
  const auto* decided = concepts.Resolve({"http://loinc.org", "1988-5", ""});
  ASSERT_NE(decided, nullptr);
  EXPECT_EQ(decided->name, "Another");
  EXPECT_EQ(decided->domain, "Condition");
  EXPECT_EQ(Id(concepts, {"", "", "CRP ultrasensitiv"}), 3020460) << "a text without a code";
  EXPECT_EQ(Id(concepts, {"ICD10CM", "M05.70", ""}), 0) << "decided: there is none";
  EXPECT_EQ(Id(concepts, {"SNOMED", "201772003", ""}), 4116150) << "that decision was taken back";
}

TEST(SiteConcepts, SaysWhenTheDatabaseFails) {
  const vocabulary::Vocabulary vocabulary;
  store::Store store = StoreWithAthena();
  SiteConcepts concepts = SiteConcepts::Open(vocabulary, store.database()).value();
  ASSERT_TRUE(store.database().Execute("DROP TABLE concept_relationship"));
  EXPECT_EQ(concepts.Resolve({"LAB", "XYZ", ""}), nullptr);
  EXPECT_FALSE(concepts.status().has_value());
}

}  // namespace
}  // namespace clinnova::intake
