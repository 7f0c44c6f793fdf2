// SPDX-License-Identifier: Apache-2.0
// What is asked about a handful of persons is what the view says of everybody.
#include "store/research_consent.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "store/store.h"

namespace clinnova::store {
namespace {

std::string Consented(Store& store, const std::string& sql) {
  auto rows = store.database().Query(
      "SELECT coalesce(string_agg(person_id, ' ' ORDER BY person_id), '') FROM (" + sql + ")");
  EXPECT_TRUE(rows && rows->NextChunk()) << (rows ? "" : rows.error().message);
  return std::string(rows->Text(0, 0));
}

TEST(ResearchConsent, IsThatOfTheView) {
  constexpr int kPersons = 400;
  auto store = Store::Open({}).value();
  auto& database = store.database();
  std::mt19937 random(3);
  const auto any = [&](int count) { return static_cast<int>(random() % count); };
  std::string values;
  for (int person = 0; person < kPersons; ++person) {
    ASSERT_TRUE(database.Execute(
        "INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
        "ethnicity_concept_id) VALUES (" +
        std::to_string(person) + ", 8507, 1970, 0, 0)"));
    for (int consent = any(5); consent > 0; --consent) {
      const auto day = [&] {
        return any(4) == 0 ? std::string("NULL")
                           : "current_date + (" + std::to_string(any(7) - 3) + ")";
      };
      constexpr const char* kStatus[] = {"given", "given", "withdrawn", "refused"};
      values += (values.empty() ? "(" : ", (") + std::to_string(person * 10 + consent) + ", " +
                std::to_string(person) + ", '" + (any(6) == 0 ? "treatment" : "research") + "', '" +
                kStatus[any(4)] + "', " + day() + ", " + day() + ")";
    }
  }
  ASSERT_TRUE(database.Execute("INSERT INTO clinnova.consent VALUES " + values));
  auto now = database.Query("SELECT current_date::VARCHAR").value();
  ASSERT_TRUE(now.NextChunk());
  const std::string today(now.Text(0, 0));
  std::set<std::string> different;
  for (const bool required : {true, false}) {
    ASSERT_TRUE(store.SetConsentRule(required ? Store::ConsentRule::kRequired
                                              : Store::ConsentRule::kUnlessRefused));
    const ResearchConsent consent = ResearchConsentOn(today, required);
    const std::string by_person =
        "SELECT r.person_id FROM (SELECT person_id, " + consent.key +
        " AS consent_key FROM clinnova.consent UNION ALL BY NAME SELECT person_id FROM person) r "
        "GROUP BY r.person_id HAVING " +
        consent.given;
    const std::string view = Consented(store, "SELECT person_id FROM clinnova.research_person");
    EXPECT_EQ(Consented(store, by_person), view);
    different.insert(view);
  }
  EXPECT_EQ(different.size(), 2u);
}

}  // namespace
}  // namespace clinnova::store
