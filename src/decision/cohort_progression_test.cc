// SPDX-License-Identifier: Apache-2.0
// One definition of confirmed worsening, two places: a study's table finds it in SQL, the bedside and
// `clinnova progression` here. On the same courses they must say the same.
#include <gtest/gtest.h>

#include <random>

#include "cohort/progression_sql.h"
#include "core/duckdb.h"
#include "decision/progression.h"

namespace clinnova::decision {
namespace {

struct RuleCase {
  cohort::WorseningRule rule;
  Outcome outcome;
};

/// Courses with what is easily got wrong: baselines near relapses, changes just at the minimum, changes that
/// do not last, two values on a day, visits too early or too far to confirm.
std::vector<Course> DrawCourses(const RuleCase& rule, int count) {
  std::mt19937 random(20240501);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Course> courses;
  for (int k = 0; k < count; ++k) {
    Course course;
    course.id = std::to_string(k);
    double value = rule.outcome == Outcome::kEdss ? below(13) / 2.0 : 10 + below(40);
    double day = -below(60);
    const int visits = below(9);
    for (int v = 0; v < visits; ++v) {
      course.visits.push_back({day, value});
      day += below(5) == 0 ? below(30) : 60 + below(60);
      if (below(25) == 0) day += 800;
      const int change = below(6);
      if (rule.outcome == Outcome::kEdss) {
        if (change < 3) value = std::clamp(value + (change - 1) * 0.5 * (1 + below(3)), 0.0, 10.0);
      } else {
        value = std::max(0.0, value + (change - 2) * (1 + below(4)));
      }
    }
    const int relapses = below(4);
    for (int r = 0; r < relapses; ++r) course.relapses.push_back(below(900) - 100);
    courses.push_back(std::move(course));
  }
  return courses;
}

class Cdm {
 public:
  explicit Cdm(const std::vector<Course>& courses) : database_(core::Database::Open({}).value()) {
    Do("CREATE TABLE cohort AS SELECT i AS person_id, DATE '2020-01-01' AS index_date FROM range(" +
       std::to_string(courses.size()) + ") t(i)");
    Do("CREATE TABLE set_member(set_name VARCHAR, concept_id BIGINT)");
    Do("INSERT INTO set_member VALUES ('value', 1), ('relapse', 2)");
    Do("CREATE TABLE measurement(measurement_id BIGINT, person_id BIGINT, measurement_concept_id "
       "BIGINT, measurement_date DATE, measurement_datetime TIMESTAMP, value_as_number DOUBLE)");
    Do("CREATE TABLE observation(person_id BIGINT, observation_concept_id BIGINT, observation_date "
       "DATE)");
    int id = 0;
    for (const Course& course : courses) {
      for (const Visit& visit : course.visits) {
        Do("INSERT INTO measurement VALUES (" + std::to_string(++id) + ", " + course.id + ", 1, " +
           Date(visit.day) + ", NULL, " + std::to_string(visit.value) + ")");
      }
      for (const double relapse : course.relapses) {
        Do("INSERT INTO observation VALUES (" + course.id + ", 2, " + Date(relapse) + ")");
      }
    }
  }

  /// 1, 0 or -1 for missing, in the order of the courses.
  std::vector<int> Worsening(const cohort::Feature& feature) {
    auto rows = database_.Query("SELECT coalesce(value, -1)::DOUBLE FROM (" +
                                cohort::ProgressionSql(feature) + ") ORDER BY person_id");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    std::vector<int> values;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        values.push_back(static_cast<int>(rows->Double(0, r)));
      }
    }
    return values;
  }

 private:
  static std::string Date(double day) {
    return "DATE '2020-01-01' + " + std::to_string(static_cast<int>(day));
  }
  void Do(const std::string& sql) {
    const auto done = database_.Execute(sql);
    ASSERT_TRUE(done.has_value()) << done.error().message << sql;
  }

  core::Database database_;
};

TEST(CohortProgression, IsThatOfTheBedside) {
  const RuleCase cases[] = {{cohort::WorseningRule::kEdss, Outcome::kEdss},
                            {cohort::WorseningRule::kT25fw, Outcome::kT25fw},
                            {cohort::WorseningRule::k9hpt, Outcome::k9hpt},
                            {cohort::WorseningRule::kSdmt, Outcome::kSdmt}};
  for (const RuleCase& rule : cases) {
    const std::vector<Course> courses = DrawCourses(rule, 400);
    Cdm cdm(courses);
    for (const int confirm_days : {84, 168}) {
      cohort::Feature feature;
      feature.source = cohort::FeatureSource::kProgression;
      feature.concept_set = "value";
      feature.relapses = "relapse";
      feature.rule = rule.rule;
      feature.window_from = -100;
      feature.window_to = 10'000;
      feature.confirm_days = confirm_days;
      const std::vector<int> found = cdm.Worsening(feature);
      ASSERT_EQ(found.size(), courses.size());
      int worse = 0, missing = 0;
      for (std::size_t k = 0; k < courses.size(); ++k) {
        ProgressionOptions options;
        options.outcome = rule.outcome;
        options.confirm_days = confirm_days;
        const bool here = !FindEvents(courses[k], options).empty();
        EXPECT_EQ(found[k] == 1, here) << "course " << k << ", rule " << static_cast<int>(rule.rule)
                                       << ", confirmed after " << confirm_days;
        worse += found[k] == 1;
        missing += found[k] == -1;
      }
      EXPECT_GT(worse, 20);
      EXPECT_GT(missing, 5) << "nobody without a visit";
    }
  }
}

TEST(CohortProgression, LooksAtTheWindowOnly) {
  const std::vector<Course> courses = {
      {.id = "0", .visits = {{0, 2.0}, {90, 3.0}, {180, 3.0}, {270, 2.0}}, .relapses = {}}};
  Cdm cdm(courses);
  cohort::Feature feature;
  feature.source = cohort::FeatureSource::kProgression;
  feature.concept_set = "value";
  feature.relapses = "relapse";
  for (const auto& [from, to, expected] : {std::tuple(0, 180, 1), std::tuple(0, 170, 0),
                                           std::tuple(90, 270, 0), std::tuple(300, 400, -1)}) {
    feature.window_from = from;
    feature.window_to = to;
    EXPECT_EQ(cdm.Worsening(feature), std::vector<int>{expected}) << from << " to " << to;
  }
}

}  // namespace
}  // namespace clinnova::decision
