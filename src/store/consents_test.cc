// SPDX-License-Identifier: Apache-2.0
#include "store/consents.h"

#include <gtest/gtest.h>

#include <random>

namespace clinnova::store {
namespace {

Store Empty() { return std::move(Store::Open({.path = ""}).value()); }

void AddPersons(Store& store, int persons) {
  ASSERT_TRUE(store.database().Execute(
      "INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
      "ethnicity_concept_id, person_source_value) SELECT i, 8507, 1970, 0, 0, 'pseudonym-' || i "
      "FROM range(1, " +
      std::to_string(persons + 1) + ") t(i)"));
}

/// Days from today; nothing where there is none.
void Say(Store& store, int person, const std::string& purpose, const std::string& status,
         std::optional<int> from, std::optional<int> to) {
  static int id = 0;
  const auto day = [](std::optional<int> days) {
    return days ? "current_date + (" + std::to_string(*days) + ")" : std::string("NULL");
  };
  ASSERT_TRUE(store.database().Execute("INSERT INTO clinnova.consent VALUES (" +
                                       std::to_string(++id) + ", " + std::to_string(person) +
                                       ", '" + purpose + "', '" + status + "', " + day(from) +
                                       ", " + day(to) + ")"));
}

TEST(Consents, AreCountedByWhatPersonsSayToday) {
  auto store = Empty();
  AddPersons(store, 12);
  Say(store, 1, "research", "given", -100, {});
  Say(store, 2, "research", "given", {}, {});
  Say(store, 3, "research", "given", -100, -1);  // expired
  Say(store, 4, "research", "given", -100, {});
  Say(store, 4, "research", "withdrawn", -10, {});
  Say(store, 5, "research", "withdrawn", -100, -10);  // as some exports say it
  Say(store, 6, "research", "refused", -5, {});
  Say(store, 7, "research", "given", 1, {});  // from tomorrow
  Say(store, 8, "research", "given", -5, {});
  Say(store, 8, "research", "refused", -5, {});  // the same day
  Say(store, 9, "research", "withdrawn", -50, {});
  Say(store, 9, "research", "given", -5, 0);  // again, until today
  Say(store, 10, "recontact", "given", -5, {});
  Say(store, 99, "research", "given", -5, {});  // nobody of this CDM
  const auto summary = SummariseConsents(store);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->persons, 12);
  EXPECT_TRUE(summary->required);
  ASSERT_EQ(summary->purposes.size(), 2u);
  const PurposeConsents& research = summary->purposes[0];
  EXPECT_EQ(research.purpose, "research");
  EXPECT_EQ(research.given, 3);
  EXPECT_EQ(research.expired, 1);
  EXPECT_EQ(research.withdrawn, 2);
  EXPECT_EQ(research.refused, 2);
  EXPECT_EQ(research.not_yet, 1);
  EXPECT_EQ(research.none, 3);
  EXPECT_EQ(research.statements, 13);
  EXPECT_EQ(summary->research_persons, research.given);
  EXPECT_EQ(summary->purposes[1].purpose, "recontact");
  EXPECT_EQ(summary->purposes[1].given, 1);
  EXPECT_EQ(summary->purposes[1].none, 11);
}

TEST(Consents, CountAsGivenWhomStudiesSee) {
  std::mt19937 random(7);
  for (int world = 0; world < 20; ++world) {
    auto store = Empty();
    AddPersons(store, 30);
    for (int i = 0; i < 60; ++i) {
      const auto maybe = [&]() -> std::optional<int> {
        if (random() % 4 == 0) return {};
        return static_cast<int>(random() % 7) - 3;
      };
      const char* statuses[] = {"given", "refused", "withdrawn"};
      Say(store, static_cast<int>(random() % 30) + 1, "research", statuses[random() % 3], maybe(),
          maybe());
    }
    const auto summary = SummariseConsents(store).value();
    EXPECT_EQ(summary.purposes[0].given, summary.research_persons) << world;
    const PurposeConsents& r = summary.purposes[0];
    EXPECT_EQ(r.given + r.refused + r.withdrawn + r.expired + r.not_yet + r.none, 30);
    EXPECT_GE(r.none, 0);
  }
}

TEST(Consents, TellWhetherTheyAreRequired) {
  auto store = Empty();
  AddPersons(store, 2);
  Say(store, 1, "research", "refused", -1, {});
  ASSERT_TRUE(store.SetConsentRule(Store::ConsentRule::kUnlessRefused));
  const auto summary = SummariseConsents(store).value();
  EXPECT_FALSE(summary.required);
  EXPECT_EQ(summary.research_persons, 1);
  EXPECT_EQ(summary.purposes[0].none, 1);
}

TEST(Consents, OfOnePersonAreFoundByPseudonym) {
  auto store = Empty();
  AddPersons(store, 2);
  Say(store, 1, "research", "given", -100, {});
  Say(store, 1, "research", "withdrawn", -3, {});
  Say(store, 2, "research", "given", -100, {});
  const auto one = ConsentsOf(store, "pseudonym-1").value();
  ASSERT_TRUE(one);
  EXPECT_FALSE(one->seen_by_studies);
  ASSERT_EQ(one->statements.size(), 2u);
  EXPECT_EQ(one->statements[0].status, "withdrawn");
  EXPECT_EQ(one->statements[0].from.size(), 10u);
  EXPECT_EQ(one->statements[0].to, "");
  EXPECT_TRUE(ConsentsOf(store, "pseudonym-2").value()->seen_by_studies);
  EXPECT_FALSE(ConsentsOf(store, "' OR 1=1 --").value());
}

TEST(Consents, ChangeByWhoEntersAndLeaves) {
  auto store = Empty();
  AddPersons(store, 5);
  Say(store, 1, "research", "given", -100, {});
  Say(store, 2, "research", "given", -100, {});
  const auto before = ConsentSnapshot::Take(store).value();
  EXPECT_FALSE(ConsentSnapshot::Take(store).value().Since(before).any);
  Say(store, 1, "research", "withdrawn", 0, {});
  Say(store, 3, "research", "given", 0, {});
  Say(store, 4, "research", "given", 0, {});
  const auto change = ConsentSnapshot::Take(store).value().Since(before);
  EXPECT_TRUE(change.any);
  EXPECT_EQ(change.entered, 2);
  EXPECT_EQ(change.left, 1);
  EXPECT_EQ(change.research_persons, 3);
  EXPECT_EQ(change.statements.at("research").at("given"), 4);
  // Another person's withdrawal in the place of the first one's: the numbers are the same.
  const auto then = ConsentSnapshot::Take(store).value();
  ASSERT_TRUE(store.database().Execute(
      "UPDATE clinnova.consent SET person_id = 2 WHERE status = 'withdrawn'"));
  const auto moved = ConsentSnapshot::Take(store).value().Since(then);
  EXPECT_TRUE(moved.any);
  EXPECT_EQ(moved.entered, 1);
  EXPECT_EQ(moved.left, 1);
}

}  // namespace
}  // namespace clinnova::store
