// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace clinnova::cohort {
namespace {

/// Persons 1 to `consented` gave consent, 20 more did not; each has an observation period and a diagnosis of
/// rheumatoid arthritis; the first `measured` have three measurements each, of whom `valued` have a value.
class CatalogNumbersTest : public testing::Test {
 protected:
  void Fill(int consented, int measured, int valued) {
    Do("INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
       "ethnicity_concept_id) SELECT i, 8507, 1940 + i, 0, 0 FROM range(1, " +
       std::to_string(consented + 21) + ") t(i)");
    Do("INSERT INTO clinnova.consent SELECT i, i, 'research', 'given', NULL, NULL FROM range(1, " +
       std::to_string(consented + 1) + ") t(i)");
    Do("INSERT INTO observation_period (observation_period_id, person_id, "
       "observation_period_start_date, observation_period_end_date, period_type_concept_id) "
       "SELECT person_id, person_id, make_date(2000 + (person_id % 15)::INT, 3, 4), "
       "make_date(2015 + (person_id % 9)::INT, 5, 6), 32817 FROM person");
    Do("INSERT INTO condition_occurrence (condition_occurrence_id, person_id, "
       "condition_concept_id, condition_start_date, condition_type_concept_id) "
       "SELECT person_id, person_id, 4035611, DATE '2016-01-01', 32817 FROM person");
    Do("INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
       "measurement_date, measurement_type_concept_id, value_as_number) "
       "SELECT i * 10 + j, i, 3020460, DATE '2016-01-01', 32817, CASE WHEN i <= " +
       std::to_string(valued) + " THEN 1.5 END FROM range(1, " + std::to_string(measured + 1) +
       ") t(i), range(3) s(j)");
  }
  void Do(const std::string& sql) {
    const auto done = store_.database().Execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  CatalogNumbers Count(int minimum_count = 5) {
    auto numbers = CountForCatalog(store_, {.minimum_count = minimum_count});
    EXPECT_TRUE(numbers) << numbers.error().message;
    return std::move(numbers.value());
  }
  static const CatalogTable* Find(const CatalogNumbers& numbers, const std::string& name) {
    for (const CatalogTable& table : numbers.tables)
      if (table.name == name) return &table;
    return nullptr;
  }
  static std::optional<int> Complete(const CatalogNumbers& numbers, const std::string& table,
                                     const std::string& column) {
    for (const CatalogColumn& one : Find(numbers, table)->columns)
      if (one.name == column) return one.complete_percent;
    ADD_FAILURE() << table << "." << column << " is not there";
    return {};
  }

  store::Store store_ = std::move(store::Store::Open({.path = ""}).value());
};

TEST_F(CatalogNumbersTest, AreRoundedDownAndOfPersonsWithConsent) {
  Fill(57, 40, 30);
  const CatalogNumbers numbers = Count();
  EXPECT_EQ(numbers.threshold, 10);
  EXPECT_EQ(numbers.persons, 50);
  EXPECT_EQ(Find(numbers, "measurement")->records, 120);
  EXPECT_EQ(Find(numbers, "measurement")->persons, 40);
  EXPECT_EQ(Find(numbers, "condition_occurrence")->records, 50);  // 57 of 77
  EXPECT_EQ(numbers.records, 290);                                // 57 + 57 + 57 + 120
  EXPECT_EQ(Complete(numbers, "measurement", "value_as_number"), 75);
  EXPECT_EQ(Complete(numbers, "measurement", "measurement_concept_id"), 100);
  EXPECT_EQ(Complete(numbers, "measurement", "unit_source_value"), 0);
  EXPECT_EQ(Complete(numbers, "person", "race_concept_id"), 0);  // concept 0 is none
  ASSERT_EQ(numbers.diseases.size(), 1u);
  EXPECT_EQ(numbers.diseases[0].first, "Rheumatoid arthritis");  // by a concept below the set's
  EXPECT_EQ(numbers.diseases[0].second, 50);
  EXPECT_EQ(numbers.vocabularies, (std::vector<std::string>{"LOINC", "SNOMED"}));
  for (const CatalogTable& table : numbers.tables) {
    for (const CatalogColumn& column : table.columns) {
      EXPECT_FALSE(column.name.ends_with("_source_value") && table.name == "person" &&
                   column.name.starts_with("person"))
          << "a pseudonym";
      EXPECT_NE(column.name, "person_id");
    }
  }
}

TEST_F(CatalogNumbersTest, HoldBackATableOfFewPersonsAndItsPartOfTheTotal) {
  Fill(57, 9, 9);
  const CatalogNumbers few = Count();
  EXPECT_EQ(Find(few, "measurement"), nullptr);
  EXPECT_EQ(few.records, 170);  // 171 without the 27: they do not follow from the total
  EXPECT_EQ(few.vocabularies, std::vector<std::string>{"SNOMED"});
  EXPECT_NE(
      std::find(few.held_back.begin(), few.held_back.end(), "measurement: fewer than 10 persons"),
      few.held_back.end());
}

TEST_F(CatalogNumbersTest, HoldBackTheCompletenessOfWhatFewHaveOrLack) {
  Fill(60, 60, 7);  // seven have a value
  EXPECT_EQ(Complete(Count(), "measurement", "value_as_number"), std::nullopt);
  Do("UPDATE measurement SET value_as_number = 1 WHERE person_id <= 53");  // seven have none
  EXPECT_EQ(Complete(Count(), "measurement", "value_as_number"), std::nullopt);
  Do("UPDATE measurement SET value_as_number = NULL WHERE person_id > 50");
  EXPECT_EQ(Complete(Count(), "measurement", "value_as_number"), 83);  // 50 of 60
}

TEST_F(CatalogNumbersTest, TellNothingOfASiteOfFewPersons) {
  Fill(9, 9, 9);
  const CatalogNumbers numbers = Count();
  EXPECT_FALSE(numbers.persons);
  EXPECT_FALSE(numbers.records);
  EXPECT_FALSE(numbers.first_year);
  EXPECT_FALSE(numbers.minimum_age);
  EXPECT_TRUE(numbers.diseases.empty());
  EXPECT_TRUE(numbers.vocabularies.empty());
  ASSERT_EQ(numbers.tables.size(), 1u);
  EXPECT_EQ(numbers.tables[0].name, "person");
  EXPECT_FALSE(numbers.tables[0].records);
  for (const CatalogColumn& column : numbers.tables[0].columns)
    EXPECT_FALSE(column.complete_percent) << column.name;
}

TEST_F(CatalogNumbersTest, TakeYearsAndAgesAwayFromTheEnds) {
  Fill(100, 0, 0);
  Do("UPDATE observation_period SET observation_period_start_date = DATE '1950-01-01' WHERE "
     "person_id <= 9");
  Do("UPDATE observation_period SET observation_period_end_date = DATE '2099-01-01' WHERE "
     "person_id <= 9");
  Do("UPDATE person SET year_of_birth = 1900 WHERE person_id <= 9");
  const CatalogNumbers numbers = Count();
  EXPECT_EQ(numbers.first_year, 2000);  // the tenth
  EXPECT_EQ(numbers.last_year, 2023);
  // Born 1940 + i of i from 10 to 100; the tenth oldest is i = 10, the tenth youngest i = 91.
  EXPECT_EQ(numbers.maximum_age, 75);  // 73 in 2023
  EXPECT_EQ(numbers.minimum_age, 0);   // born 2031 in this made-up world
}

TEST_F(CatalogNumbersTest, FollowALargerThresholdOfTheSite) {
  Fill(57, 40, 40);
  const CatalogNumbers numbers = Count(25);
  EXPECT_EQ(numbers.threshold, 25);
  EXPECT_EQ(numbers.persons, 50);
  EXPECT_EQ(Find(numbers, "measurement")->persons, 25);
  EXPECT_EQ(Count(41).tables.back().name, "condition_occurrence");  // 40 persons are too few
}

TEST_F(CatalogNumbersTest, AreExactWhereTheDataArePublic) {
  Fill(57, 3, 1);
  const CatalogNumbers numbers = Count(0);
  EXPECT_EQ(numbers.step, 1);
  EXPECT_EQ(numbers.persons, 57);
  EXPECT_EQ(Find(numbers, "measurement")->records, 9);
  EXPECT_EQ(Complete(numbers, "measurement", "value_as_number"), 33);
  EXPECT_EQ(numbers.records, 57 * 3 + 9);
}

// Whatever the site: no number that is told is of fewer than the threshold, and none is exact.
TEST_F(CatalogNumbersTest, AreNeverOfFewPersons) {
  Fill(64, 33, 21);
  for (const int minimum : {1, 5, 12, 30}) {
    const CatalogNumbers numbers = Count(minimum);
    EXPECT_GE(numbers.threshold, minimum);
    for (const CatalogTable& table : numbers.tables) {
      if (!table.records) continue;
      EXPECT_GE(*table.persons, numbers.threshold) << table.name;
      EXPECT_EQ(*table.persons % numbers.step, 0);
      EXPECT_EQ(*table.records % numbers.step, 0);
    }
    for (const auto& [title, persons] : numbers.diseases) EXPECT_EQ(persons % numbers.step, 0);
  }
}

}  // namespace
}  // namespace clinnova::cohort
