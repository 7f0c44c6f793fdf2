// SPDX-License-Identifier: Apache-2.0
// Features over a course: what lasts, who was followed, what holds together, what was done.
#include <gtest/gtest.h>

#include <optional>

#include "cohort/patient_features.h"
#include "cohort/study_table.h"

namespace clinnova::cohort {
namespace {

using Strings = std::vector<std::string>;

constexpr const char* kModule = R"toml(
[disease]
name = "ms"
title = "Multiple sclerosis"
version = "1"
[concept_set.ms]
title = "Multiple sclerosis"
concepts = [374919]
[concept_set.ocrelizumab]
title = "Ocrelizumab"
concepts = [1593457]
[concept_set.steroid]
title = "Prednisolone"
concepts = [1550557]
[concept_set.mri]
title = "MRI of brain"
concepts = [37311324]
[concept_set.edss]
title = "EDSS"
concepts = [2000000701]
[concept_set.relapse]
title = "Relapse"
concepts = [2000000711]
[[arm]]
name = "anti-CD20"
concept_set = "ocrelizumab"
[index.start]
title = "Start"
condition = "ms"
arms = ["anti-CD20"]
[feature.steroid]
title = "On a steroid in the 90 days up to day 364"
source = "drug"
concept_set = "steroid"
window = [274, 364]
summary = "active"
[feature.mri]
title = "MRIs of two years"
source = "procedure"
concept_set = "mri"
window = [1, 730]
summary = "count"
[feature.relapse]
title = "A relapse in two years"
source = "observation"
concept_set = "relapse"
window = [1, 730]
summary = "any"
[feature.followed]
title = "Followed for two years"
source = "followed"
day = 700
[feature.worsening]
title = "Confirmed worsening in two years"
source = "progression"
rule = "edss"
concept_set = "edss"
relapses = "relapse"
window = [-30, 730]
[feature.relapse_known]
title = "A relapse in two years; missing where not followed"
source = "either"
yes = ["relapse"]
no = ["followed"]
[feature.quiet]
title = "Neither relapse nor worsening"
source = "all"
yes = ["followed"]
no = ["relapse_known", "worsening"]
[feature.worsening_before]
title = "Confirmed worsening in the two years before"
source = "progression"
rule = "edss"
concept_set = "edss"
relapses = "relapse"
window = [-730, 0]
[feature.mri_before]
title = "MRIs of the two years before"
source = "procedure"
concept_set = "mri"
window = [-730, 0]
summary = "count"
)toml";

class LongitudinalFeatureTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.emplace(store::Store::Open({}).value());
    auto module = DiseaseModule::FromToml(kModule, "ms.toml");
    ASSERT_TRUE(module.has_value()) << module.error().message;
    module_.emplace(std::move(*module));
  }

  void Do(const std::string& sql) {
    const auto done = store_->database().Execute(sql);
    ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
  }
  std::string Next() { return std::to_string(++last_id_); }
  static std::string Date(int day) { return "DATE '2020-01-01' + " + std::to_string(day); }

  // Somebody who starts on day 0 and is observed to day `last`.
  void Person(int id, int last) {
    const std::string person = std::to_string(id);
    Do("INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
       "ethnicity_concept_id) VALUES (" +
       person + ", 8532, 1980, 0, 0)");
    Do("INSERT INTO clinnova.consent VALUES (" + Next() + ", " + person +
       ", 'research', 'given', '2019-01-01', NULL)");
    Do("INSERT INTO condition_occurrence (condition_occurrence_id, person_id, "
       "condition_concept_id, "
       "condition_start_date, condition_type_concept_id) VALUES (" +
       Next() + ", " + person + ", 374919, '2015-01-01', 0)");
    Do("INSERT INTO observation_period VALUES (" + Next() + ", " + person + ", '2015-01-01', " +
       Date(last) + ", 0)");
    Drug(id, 1593457, 0, std::nullopt);
  }
  void Drug(int id, int concept_id, int from, std::optional<int> to) {
    Do("INSERT INTO drug_exposure (drug_exposure_id, person_id, drug_concept_id, "
       "drug_exposure_start_date, drug_exposure_end_date, verbatim_end_date, drug_type_concept_id) "
       "VALUES (" +
       Next() + ", " + std::to_string(id) + ", " + std::to_string(concept_id) + ", " + Date(from) +
       ", " + Date(to.value_or(from)) + ", " + (to ? Date(*to) : "NULL") + ", 0)");
  }
  void Edss(int id, int day, double value) {
    Do("INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
       "measurement_date, measurement_type_concept_id, value_as_number) VALUES (" +
       Next() + ", " + std::to_string(id) + ", 2000000701, " + Date(day) + ", 0, " +
       std::to_string(value) + ")");
  }
  void Relapse(int id, int day) {
    Do("INSERT INTO observation (observation_id, person_id, observation_concept_id, "
       "observation_date, observation_type_concept_id) VALUES (" +
       Next() + ", " + std::to_string(id) + ", 2000000711, " + Date(day) + ", 0)");
  }
  void Mri(int id, int day) {
    Do("INSERT INTO procedure_occurrence (procedure_occurrence_id, person_id, "
       "procedure_concept_id, procedure_date, procedure_type_concept_id) VALUES (" +
       Next() + ", " + std::to_string(id) + ", 37311324, " + Date(day) + ", 0)");
  }

  Strings Values(const std::string& feature) {
    const TableRequest request{.study = {}, .index = "start", .variables = {{"x", feature}}};
    const auto query = CompileStudy(request, *module_);
    EXPECT_TRUE(query.has_value()) << (query ? "" : query.error().message);
    auto rows = store_->database().Query("SELECT coalesce(x::INTEGER::VARCHAR, 'NA') FROM (" +
                                         query->sql + "\n)");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    Strings texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) texts.emplace_back(rows->Text(0, r));
    }
    return texts;
  }

  std::optional<store::Store> store_;
  std::optional<DiseaseModule> module_;
  int last_id_ = 1000;
};

TEST_F(LongitudinalFeatureTest, KnowsWhoIsOnADrugInAWindow) {
  for (int id = 1; id <= 6; ++id) Person(id, 800);
  Drug(2, 1550557, -200, 274);           // its last day is the window's first
  Drug(3, 1550557, -200, 273);           // a day short
  Drug(4, 1550557, 364, std::nullopt);   // begins on the window's last day
  Drug(5, 1550557, 365, std::nullopt);   // a day late
  Drug(6, 1550557, -200, std::nullopt);  // has no end: goes on
  EXPECT_EQ(Values("steroid"), (Strings{"0", "1", "0", "1", "0", "1"}));
}

TEST_F(LongitudinalFeatureTest, CountsProcedures) {
  Person(1, 800);
  Person(2, 800);
  Mri(2, 0);  // the day before the window
  Mri(2, 180);
  Mri(2, 730);
  EXPECT_EQ(Values("mri"), (Strings{"0", "2"}));
}

TEST_F(LongitudinalFeatureTest, KnowsWhoWasFollowed) {
  Person(1, 699);
  Person(2, 700);
  Person(3, 10);
  Do("DELETE FROM observation_period WHERE person_id = 3");
  EXPECT_EQ(Values("followed"), (Strings{"0", "1", "0"}));
}

TEST_F(LongitudinalFeatureTest, FindsConfirmedWorsening) {
  for (int id = 1; id <= 4; ++id) Person(id, 800);
  for (const int day : {0, 180}) Edss(1, day, 2.0);
  for (int id = 2; id <= 3; ++id) Edss(id, 0, 2.0);
  for (const int day : {180, 270}) Edss(2, day, 3.0);
  Edss(3, 180, 3.0);  // not confirmed
  Edss(3, 270, 2.5);
  EXPECT_EQ(Values("worsening"), (Strings{"0", "1", "0", "NA"}));
}

TEST_F(LongitudinalFeatureTest, TakesNoRelapseForAnAnswerOnlyWhereSomebodyLooked) {
  Person(1, 800);
  Person(2, 100);
  Person(3, 100);
  Relapse(3, 50);
  EXPECT_EQ(Values("relapse"), (Strings{"0", "0", "1"}));
  EXPECT_EQ(Values("relapse_known"), (Strings{"0", "NA", "1"}));
}

TEST_F(LongitudinalFeatureTest, HoldsTogetherOnlyWhatIsKnown) {
  for (int id = 1; id <= 4; ++id) Person(id, 800);
  for (int id = 1; id <= 3; ++id) Edss(id, 0, 2.0);
  Relapse(2, 50);
  for (const int day : {180, 270}) Edss(3, day, 3.0);
  // The fourth has no EDSS: with a relapse the answer would be known, without it is not.
  EXPECT_EQ(Values("quiet"), (Strings{"1", "0", "0", "NA"}));
  Relapse(4, 60);
  EXPECT_EQ(Values("quiet"), (Strings{"1", "0", "0", "0"}));
}

TEST_F(LongitudinalFeatureTest, KnowsThePastCourseOfWhoIsAskedAbout) {
  std::string rows;
  for (const char* table : {"person", "clinnova.consent", "condition_occurrence", "drug_exposure",
                            "procedure_occurrence", "measurement", "observation"}) {
    rows += std::string(rows.empty() ? "" : " UNION ALL BY NAME ") + "SELECT * FROM " + table;
  }
  Do("CREATE VIEW patient_row AS " + rows);
  auto asked = PatientFeatures::Create(store_->database(), *module_, "start",
                                       {"worsening_before", "mri_before"});
  ASSERT_TRUE(asked) << asked.error().message;
  for (int id = 1; id <= 4; ++id) Person(id, 800);
  for (int id = 1; id <= 3; ++id) Edss(id, -700, 2.0);
  for (const int day : {-500, -400}) Edss(1, day, 3.0);
  for (const int day : {-500, 90})
    Edss(2, day, 3.0);  // confirmed after the day that is asked about
  for (const int day : {-500, -400}) Edss(3, day, 2.5);
  Mri(3, -730);
  Mri(3, 1);
  Do("DELETE FROM clinnova.consent WHERE person_id = 4");
  const Strings expected = Values("worsening_before");
  EXPECT_EQ(expected, (Strings{"1", "0", "0"}));
  const auto facts =
      (*asked)->Compute({1, 2, 3, 4, 5}, {.index = "2020-01-01", .consents = "2026-01-01"});
  ASSERT_TRUE(facts) << facts.error().message;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE((*facts)[i].consented && (*facts)[i].diagnosed) << i;
    EXPECT_EQ((*facts)[i].numbers.at("worsening_before"), std::stod(expected[i])) << i;
    EXPECT_EQ((*facts)[i].numbers.at("mri_before"), i == 2 ? 1 : 0) << i;
    EXPECT_EQ((*facts)[i].arms_before, Strings{"anti-CD20"}) << i;
  }
  EXPECT_TRUE((*facts)[3].known);
  EXPECT_FALSE((*facts)[3].consented);
  EXPECT_TRUE((*facts)[3].numbers.empty() && (*facts)[3].arms_before.empty());
  EXPECT_FALSE((*facts)[4].known);
  for (const char* later : {"worsening", "followed", "mri"}) {
    auto store = store::Store::Open({.threads = 1}).value();
    EXPECT_FALSE(PatientFeatures::Create(store.database(), *module_, "start", {later})) << later;
  }
}

TEST_F(LongitudinalFeatureTest, SaysWhatIsWrongWithTheDeclaration) {
  const auto error = [](const std::string& what, const std::string& with) {
    std::string text = kModule;
    text.replace(text.find(what), what.size(), with);
    const auto module = DiseaseModule::FromToml(text, "ms.toml");
    return module ? "" : module.error().message;
  };
  EXPECT_EQ(
      error("rule = \"edss\"", "rule = \"msfc\""),
      "ms.toml:56: feature.worsening.rule: found \"msfc\", expected one of edss, t25fw, 9hpt, "
      "sdmt");
  EXPECT_EQ(error("relapses = \"relapse\"", "relapses = \"attack\""),
            "ms.toml:58: feature.worsening.relapses: found \"attack\", expected the name of a "
            "[concept_set]");
  EXPECT_EQ(error("summary = \"count\"", "summary = \"active\""),
            "ms.toml:42: feature.mri.summary: \"active\" goes with source = \"drug\" only");
  EXPECT_EQ(error("day = 700", ""),
            "ms.toml:49: feature.followed.day: found nothing, expected a day");
  EXPECT_EQ(error("yes = [\"followed\"]", "yes = [\"mri\"]"),
            "ms.toml:65: feature.quiet: found \"mri\", expected a feature that is 1 or 0");
}

}  // namespace
}  // namespace clinnova::cohort
