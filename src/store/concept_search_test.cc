// SPDX-License-Identifier: Apache-2.0
#include "store/concept_search.h"

#include <gtest/gtest.h>

#include "store/store.h"

namespace clinnova::store {
namespace {

Store InMemory() { return std::move(Store::Open({}).value()); }

TEST(ConceptSearch, FindsByWordsInAnyOrderAndCase) {
  Store store = InMemory();
  auto& database = store.database();
  const auto in_order = SearchConcepts(database, {.text = "c-reactive protein", .domain = {}});
  const auto turned = SearchConcepts(database, {.text = "PROTEIN reactive", .domain = {}});
  ASSERT_TRUE(in_order && turned);
  EXPECT_EQ(in_order->size(), turned->size());
  ASSERT_FALSE(in_order->empty());
  EXPECT_EQ((*in_order)[0].concept_id, 3020460) << "its name begins so";
}

TEST(ConceptSearch, FindsByCodeAndWithinADomain) {
  Store store = InMemory();
  auto& database = store.database();
  ASSERT_TRUE(
      database.Execute("INSERT INTO concept VALUES (1, 'Adalimumab level', 'Measurement', 'LOINC', "
                       "'Lab', 'S', '74117-3', current_date, current_date, NULL)"));
  EXPECT_EQ(SearchConcepts(database, {.text = "74117-3", .domain = {}}).value()[0].concept_id, 1);
  const auto drugs = SearchConcepts(database, {.text = "adalimumab", .domain = "drug"});
  ASSERT_EQ(drugs->size(), 1u);
  EXPECT_EQ((*drugs)[0].domain, "Drug");
  EXPECT_TRUE(SearchConcepts(database, {.text = "no such thing", .domain = {}})->empty());
  EXPECT_FALSE(SearchConcepts(database, {.text = "  ", .domain = {}}).has_value());
}

TEST(ConceptSearch, ShowsWhatStandsAboveAndBelow) {
  Store store = InMemory();
  const auto shown = ConceptWithNeighbours(store.database(), 80809);
  ASSERT_TRUE(shown.has_value()) << shown.error().message;
  EXPECT_EQ(shown->self.concept_id, 80809);
  EXPECT_FALSE(shown->below.empty());
  EXPECT_FALSE(ConceptWithNeighbours(store.database(), 7).has_value());
}

}  // namespace
}  // namespace clinnova::store
