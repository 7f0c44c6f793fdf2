// SPDX-License-Identifier: Apache-2.0
#include "cohort/disease_module.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <algorithm>

#include <filesystem>
#include <fstream>

#include "cohort/study_table.h"

namespace clinnova::cohort {
namespace {

constexpr const char* kSmall = R"toml(
[disease]
name = "ra"
title = "Arthritis"
version = "7"
[concept_set.ra]
title = "Arthritis"
concepts = [80809]
[concept_set.tnf]
title = "TNF inhibitors"
concepts = [1119119]
[concept_set.crp]
title = "CRP"
concepts = [3020460]
[[arm]]
name = "anti-TNF"
concept_set = "tnf"
[index.start]
title = "Start"
condition = "ra"
arms = ["anti-TNF"]
minimum_age = 18
[feature.crp]
title = "CRP"
source = "measurement"
concept_set = "crp"
window = [-90, 0]
summary = "last"
unit = "mg/L"
)toml";

std::string Changed(const std::string& what, const std::string& with) {
  std::string text = kSmall;
  const std::size_t at = text.find(what);
  EXPECT_NE(at, text.npos) << what;
  return text.replace(at, what.size(), with);
}

std::string ErrorOf(const std::string& text) {
  const auto module = DiseaseModule::FromToml(text, "small.toml");
  EXPECT_FALSE(module.has_value());
  if (module) return "";
  EXPECT_EQ(module.error().code, ErrorCode::kInvalidInput);
  return module.error().message;
}

TEST(DiseaseModule, ReadsWhatIsDeclared) {
  const auto module = DiseaseModule::FromToml(kSmall, "small.toml");
  ASSERT_TRUE(module.has_value()) << module.error().message;
  EXPECT_EQ(module->disease(), "ra");
  EXPECT_EQ(module->version(), "7");
  EXPECT_EQ(module->FindConceptSet("crp")->concepts, std::vector<std::int64_t>{3020460});
  EXPECT_EQ(module->FindIndexEvent("start")->minimum_age, 18);
  const Feature* crp = module->FindFeature("crp");
  ASSERT_NE(crp, nullptr);
  EXPECT_EQ(crp->window_from, -90);
  EXPECT_EQ(crp->window_to, 0);
  EXPECT_EQ(crp->unit, "mg/L");
  EXPECT_FALSE(crp->IsFactor());
  EXPECT_EQ(module->FindFeature("esr"), nullptr);
}

TEST(DiseaseModule, SaysWithFileLineAndKeyWhatIsWrong) {
  const struct {
    std::string text;
    std::string message;
  } kCases[] = {
      {Changed("summary = \"last\"", "summery = \"last\""),
       "small.toml:23: feature.crp.summary: found nothing, expected a text"},
      {Changed("minimum_age = 18", "minimum_age = 18\nsex = \"F\""),
       "small.toml:23: index.start.sex: unknown key, expected one of arms, condition, minimum_age, "
       "title"},
      {Changed("version = \"7\"", "version = 7"),
       "small.toml:5: disease.version: found 7, expected a text"},
      {Changed("concept_set = \"crp\"", "concept_set = \"cpr\""),
       "small.toml:26: feature.crp.concept_set: found \"cpr\", expected the name of a "
       "[concept_set]"},
      {Changed("window = [-90, 0]", "window = [0, -90]"),
       "small.toml:27: feature.crp.window: expected [from, to] in days from the index date, from "
       "<= to"},
      {Changed("unit = \"mg/L\"", "unit = \"mg/dL\""),
       "small.toml:29: feature.crp.unit: found \"mg/dL\", expected \"mg/L\", the canonical unit of "
       "C "
       "reactive protein [Mass/volume] in Serum or Plasma"},
      {Changed("arms = [\"anti-TNF\"]", "arms = [\"JAK\"]"),
       "small.toml:21: index.start.arms: found \"JAK\", expected the name of an [[arm]]"},
      {Changed("[feature.crp]", "[feature.CRP]"),
       "small.toml:23: feature.CRP: found the name \"CRP\", expected lower-case letters, digits "
       "and "
       "underscores"},
  };
  for (const auto& c : kCases) EXPECT_EQ(ErrorOf(c.text), c.message);
}

TEST(DiseaseModule, RefusesFeaturesOfUnknownOrCircularMaking) {
  const std::string low =
      std::string(kSmall) + "[feature.low]\ntitle = \"Low\"\nsource = \"threshold\"\n";
  EXPECT_EQ(ErrorOf(low + "of = \"das\"\nat_most = 3.2\n"),
            "small.toml:30: feature.low: found \"das\", expected the name of a [feature]");
  EXPECT_EQ(ErrorOf(low + "of = \"low\"\nat_most = 3.2\n"),
            "small.toml:30: feature.low: is computed from itself");
  EXPECT_EQ(ErrorOf(low + "of = \"das\"\nat_most = 3.2\nbelow = 2.6\n"),
            "small.toml:35: feature.low.below: found it beside at_most, expected one of them");
  const std::string score =
      std::string(kSmall) + "[feature.das]\ntitle = \"DAS28\"\nsource = \"score\"\n";
  EXPECT_EQ(ErrorOf(score + "score = \"das29\"\n"),
            "small.toml:33: feature.das.score: found \"das29\", expected one of cdai-ra, "
            "das28-crp, das28-crp-3, "
            "das28-esr, das28-esr-3, hbi, mayo, modified-mayo, partial-mayo, uceis");
  EXPECT_EQ(
      ErrorOf(score + "score = \"das28-crp-3\"\ninputs = { tjc28 = \"crp\", sjc28 = \"crp\" }\n"),
      "small.toml:34: feature.das.inputs: found no crp, expected a feature for it");
  EXPECT_EQ(
      ErrorOf(score + "score = \"das28-crp-3\"\n"
                      "inputs = { tjc28 = \"crp\", sjc28 = \"crp\", crp = \"crp\" }\n"),
      "small.toml:34: feature.das.inputs: found crp in \"mg/L\", expected tjc28 in \"{count}\"");
}

constexpr const char* kGuideline = R"toml(
[guideline]
order = ["anti-TNF"]
source = "EULAR 2022"
)toml";

TEST(DiseaseModule, ReadsTheGuidelinesOrder) {
  const auto module = DiseaseModule::FromToml(std::string(kSmall) + kGuideline, "small.toml");
  ASSERT_TRUE(module.has_value()) << module.error().message;
  ASSERT_TRUE(module->guideline().has_value());
  EXPECT_EQ(module->guideline()->order, std::vector<std::string>{"anti-TNF"});
  EXPECT_EQ(module->guideline()->source, "EULAR 2022");
  EXPECT_FALSE(DiseaseModule::FromToml(kSmall, "small.toml")->guideline().has_value());
  const auto error = [](const std::string& order) {
    std::string text = std::string(kSmall) + kGuideline;
    return ErrorOf(text.replace(text.rfind("[\"anti-TNF\"]"), 12, order));
  };
  EXPECT_EQ(error("[\"anti-TNF\", \"anti-TNF\"]"),
            "small.toml:32: guideline.order: found \"anti-TNF\" twice, expected it once");
  EXPECT_EQ(error("[\"JAK\"]"),
            "small.toml:32: guideline.order: found \"JAK\", expected the name of an [[arm]]");
}

TEST(DiseaseModule, IsCompiledInForRheumatoidArthritis) {
  const auto module = DiseaseModule::Load("ra");
  ASSERT_TRUE(module.has_value()) << module.error().message;
  const IndexEvent* index = module->FindIndexEvent("first_biologic");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(module->Levels(*module->FindFeature("drug"), *index),
            (std::vector<std::string>{"anti-TNF", "anti-IL-6", "JAK"}));
  EXPECT_EQ(module->Levels(*module->FindFeature("sex"), *index),
            (std::vector<std::string>{"F", "M"}));
  const IndexEvent* any = module->FindIndexEvent("first_any");
  ASSERT_NE(any, nullptr);
  EXPECT_EQ(module->Levels(*module->FindFeature("drug"), *any),
            (std::vector<std::string>{"anti-TNF", "anti-IL-6", "JAK", "abatacept", "anti-CD20"}));
  EXPECT_TRUE(module->FindFeature("low_activity")->IsFlag());
  EXPECT_FALSE(module->FindFeature("age")->IsFlag());
}

TEST(DiseaseModule, IsCompiledInForBowelDiseaseAndMultipleSclerosis) {
  const struct {
    const char* disease;
    const char* index;
    std::vector<std::string> arms;
    std::vector<std::string> outcomes;
  } kCases[] = {
      {"cd",
       "first_biologic",
       {"anti-TNF", "anti-integrin", "anti-IL-23"},
       {"remission_w14", "steroid_free_remission_w14", "endoscopic_remission_w14", "remission_w52",
        "steroid_free_remission_w52", "endoscopic_remission_w52"}},
      {"uc",
       "first_advanced",
       {"anti-TNF", "anti-integrin", "anti-IL-23", "JAK", "S1P"},
       {"remission_w14", "steroid_free_remission_w14", "endoscopic_remission_w14", "remission_w52",
        "steroid_free_remission_w52", "endoscopic_remission_w52", "modified_mayo_remission_w52"}},
      {"ms",
       "first_treatment",
       {"platform", "S1P", "anti-CD20"},
       {"relapse_24m", "worsening_24m", "worsening_24m_24w", "mri_activity_24m", "neda3_24m"}}};
  for (const auto& c : kCases) {
    const auto module = DiseaseModule::Load(c.disease);
    ASSERT_TRUE(module.has_value()) << module.error().message;
    const IndexEvent* index = module->FindIndexEvent(c.index);
    ASSERT_NE(index, nullptr);
    EXPECT_EQ(module->Levels(*module->FindFeature("drug"), *index), c.arms);
    for (const std::string& outcome : c.outcomes) {
      const Feature* feature = module->FindFeature(outcome);
      ASSERT_NE(feature, nullptr) << outcome;
      EXPECT_TRUE(feature->IsFlag()) << outcome;
    }
    EXPECT_GE(module->safety_rules().size(), 7u);
    ASSERT_TRUE(module->guideline().has_value());
    EXPECT_GE(module->guideline()->order.size(), c.arms.size() - 1);
  }
}

// Every feature of every module is SQL that DuckDB takes.
TEST(DiseaseModule, CompilesEveryFeature) {
  auto store = store::Store::Open({});
  ASSERT_TRUE(store.has_value());
  for (const char* disease : {"cd", "ms", "ra", "uc"}) {
    const auto module = DiseaseModule::Load(disease);
    ASSERT_TRUE(module.has_value()) << module.error().message;
    TableRequest request{
        .study = {}, .index = module->index_events().front().name, .variables = {}};
    for (const Feature& feature : module->features()) {
      request.variables.push_back({feature.name, feature.name});
    }
    const auto query = CompileStudy(request, *module);
    ASSERT_TRUE(query.has_value()) << query.error().message;
    const auto rows = store->database().QueryInt64("SELECT count(*) FROM (" + query->sql + ")");
    ASSERT_TRUE(rows.has_value()) << disease << ": " << rows.error().message;
    EXPECT_EQ(*rows, 0);
  }
}

TEST(DiseaseModule, IsTakenFromAFolderThatHasIt) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("clinnova_modules_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto embedded = DiseaseModule::Load("ra", folder.string());
  ASSERT_TRUE(embedded.has_value());
  EXPECT_EQ(embedded->version(), "1");
  std::ofstream(folder / "ra.toml") << kSmall;
  const auto own = DiseaseModule::Load("ra", folder.string());
  ASSERT_TRUE(own.has_value()) << own.error().message;
  EXPECT_EQ(own->version(), "7");
  EXPECT_NE(own->hash(), embedded->hash());
  std::filesystem::remove_all(folder);
}

TEST(DiseaseModule, KnowsNoOtherDiseaseAndNoPath) {
  for (const char* name : {"gout", "../ra", ""}) {
    const auto module = DiseaseModule::Load(name);
    ASSERT_FALSE(module.has_value());
    EXPECT_EQ(module.error().message,
              "disease: found \"" + std::string(name) + "\", expected one of cd, ms, ra, uc");
  }
}

TEST(DiseaseModule, HasReasonsAgainstArms) {
  const DiseaseModule module = DiseaseModule::Load("ra").value();
  const auto& rules = module.safety_rules();
  const auto rule = std::ranges::find(rules, "jak_smoking", &SafetyRule::name);
  ASSERT_NE(rule, rules.end());
  EXPECT_EQ(rule->arms, std::vector<std::string>{"JAK"});
  EXPECT_EQ(rule->level, SafetyLevel::kAvoid);
  EXPECT_EQ(rule->when.at(0).is, (std::vector<std::string>{"former", "current"}));
  for (const SafetyRule& each : rules) EXPECT_FALSE(each.source.empty()) << each.name;
}

TEST(DiseaseModule, SaysWhatIsWrongWithASafetyRule) {
  const auto error = [](const std::string& changed, const std::string& to) {
    std::string text = std::string(R"(
[disease]
name = "x"
title = "X"
version = "1"
[concept_set.d]
title = "D"
concepts = [1119119]
[[arm]]
name = "a"
concept_set = "d"
[feature.age]
title = "Age"
source = "age"
unit = "a"
[[safety]]
name = "old"
arms = ["a"]
level = "avoid"
when = [{ feature = "age", at_least = 65 }]
reason = "r"
source = "s"
)");
    text.replace(text.find(changed), changed.size(), to);
    const auto module = DiseaseModule::FromToml(text, "x.toml");
    return module ? std::string() : module.error().message;
  };
  EXPECT_EQ(error("\"avoid\"", "\"avoid\""), "");
  EXPECT_NE(error("\"avoid\"", "\"never\"").find("level"), std::string::npos);
  EXPECT_NE(error("[\"a\"]", "[\"b\"]").find("name of an [[arm]]"), std::string::npos);
  EXPECT_NE(error(", at_least = 65", "").find("at_least: is missing"), std::string::npos);
  EXPECT_NE(error("at_least = 65", "is = [\"M\"]").find("goes with a factor"), std::string::npos);
  EXPECT_NE(error("feature = \"age\"", "feature = \"agee\"").find("name of a [feature]"),
            std::string::npos);
  EXPECT_NE(error("source = \"s\"", "").find("source"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::cohort
