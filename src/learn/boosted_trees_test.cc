// SPDX-License-Identifier: Apache-2.0
// Boosted trees over several sites against xgboost and against a plain reference in Python (boosted_trees_reference.py),
// and under the disclosure rules.
#include "learn/boosted_trees.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "learn/learners.h"
#include "stats/study_fixture.h"

namespace clinnova::learn {
namespace {

using nlohmann::json;
using stats::Answer;
using stats::RunOne;
using table::Table;

/// A table of one factor of two levels and numbers; rows are dealt to `sites` sites in turn.
class Rows {
 public:
  explicit Rows(std::vector<std::string> numbers) : names_(std::move(numbers)) {}

  void Add(const std::vector<double>& numbers, int sex) {
    rows_.push_back(numbers);
    sex_.push_back(sex);
  }

  std::vector<Table> Sites(std::size_t sites) const {
    Table table;
    for (const std::string& name : names_) {
      table.schema.columns.push_back({.name = name, .levels = {}});
    }
    table.schema.columns.push_back(
        {.name = "sex", .kind = table::ColumnKind::kFactor, .levels = {"F", "M"}});
    table.schema.columns.push_back(
        {.name = "site", .kind = table::ColumnKind::kFactor, .levels = {"s1"}});
    table.columns.resize(table.schema.columns.size());
    table.rows = rows_.size();
    std::vector<std::size_t> site_of_row;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::size_t c = 0; c < names_.size(); ++c) {
        table.columns[c].numbers.push_back(rows_[r][c]);
      }
      table.columns[names_.size()].codes.push_back(sex_[r]);
      table.columns[names_.size() + 1].codes.push_back(0);
      site_of_row.push_back(r % sites);
    }
    return stats::Split(table, site_of_row, sites);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<double>> rows_;
  std::vector<int> sex_;
};

Rows Simulated(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  Rows rows({"y", "d", "x", "z"});
  for (std::size_t r = 0; r < count; ++r) {
    const double x = std::floor(static_cast<double>(random() % 4000)) / 100;
    const double z = static_cast<double>(random() % 7);
    const int sex = static_cast<int>(random() % 2);
    const double noise = static_cast<double>(random() % 1000) / 1000;
    const double y = (x > 17 ? 2 : 0) + (sex == 1 && z > 3 ? 1.5 : 0) + noise;
    rows.Add({y, y > 1.7 ? 1.0 : 0.0, x, z}, sex);
  }
  return rows;
}

/// What the model's document says of a patient.
double Predict(const json& model, const std::map<std::string, double>& numbers,
               const std::string& sex) {
  const json& arm = model.at("arms").begin().value();
  double score = arm.at("base_score").get<double>();
  for (const json& tree : arm.at("trees")) {
    std::size_t at = 0;
    while (!tree[at].contains("leaf")) {
      const json& node = tree[at];
      bool left = false;
      if (node.contains("levels")) {
        left = std::any_of(node.at("levels").begin(), node.at("levels").end(),
                           [&](const json& level) { return level == sex; });
      } else {
        const double value = numbers.at(node.at("input").get<std::string>());
        left = std::isnan(value) ? node.at("missing") == "left"
                                 : value <= node.at("threshold").get<double>();
      }
      at = node.at(left ? "left" : "right").get<std::size_t>();
    }
    score += tree[at].at("leaf").get<double>();
  }
  return score;
}

constexpr const char* kFormula = "formula = \"d ~ x + z + sex\"\n";

std::string Boosted(const std::string& options) {
  [[maybe_unused]] static const bool kRegistered = (RegisterLearners(), true);
  return "method = \"boosted_trees\"\n" + options;
}

/// Cases of boosted_trees_reference.tsv: a line "case NAME OPTIONS…", then rows, then predictions.
struct ReferenceCase {
  std::string options;
  Rows rows{{"y", "x", "z"}};
  std::vector<std::map<std::string, double>> numbers;
  std::vector<std::string> sexes;
  std::vector<double> plain;    ///< the reference in doubles
  std::vector<double> xgboost;  ///< in its floats
};

std::map<std::string, ReferenceCase> ReadReference() {
  std::map<std::string, ReferenceCase> cases;
  std::ifstream in(std::string(CLINNOVA_SOURCE_DIR) + "/src/learn/boosted_trees_reference.tsv");
  std::string line;
  ReferenceCase* current = nullptr;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string first;
    std::getline(fields, first, '\t');
    if (first == "case") {
      std::string name;
      std::getline(fields, name, '\t');
      current = &cases[name];
      std::string option;
      while (std::getline(fields, option, '\t')) current->options += option + "\n";
      continue;
    }
    if (first != "row" || current == nullptr) continue;
    std::string sex;
    std::vector<double> values;
    std::getline(fields, sex, '\t');
    for (std::string field; std::getline(fields, field, '\t');) {
      values.push_back(field == "NA" ? std::nan("") : std::strtod(field.c_str(), nullptr));
    }
    current->rows.Add({values[0], values[1], values[2]}, sex == "M" ? 1 : 0);
    current->numbers.push_back({{"x", values[1]}, {"z", values[2]}});
    current->sexes.push_back(sex);
    current->plain.push_back(values[3]);
    current->xgboost.push_back(values[4]);
  }
  return cases;
}

TEST(BoostedTrees, AgreeWithXgboostAndThePlainReference) {
  const auto cases = ReadReference();
  ASSERT_GE(cases.size(), 5U);
  for (const auto& [name, reference] : cases) {
    const Answer answer =
        RunOne(Boosted("formula = \"y ~ x + z + sex\"\ncross_site = false\nfolds = 0\n" +
                       reference.options),
               reference.rows.Sites(3));
    ASSERT_TRUE(answer) << name << ": " << answer.error().message;
    const json model = json::parse(answer.text()).at("model");
    double worst = 0;
    double worst_xgboost = 0;
    for (std::size_t r = 0; r < reference.plain.size(); ++r) {
      const double score = Predict(model, reference.numbers[r], reference.sexes[r]);
      worst = std::max(worst, std::fabs(score - reference.plain[r]));
      worst_xgboost = std::max(worst_xgboost, std::fabs(score - reference.xgboost[r]));
    }
    EXPECT_LT(worst, 1e-8) << name;
    EXPECT_LT(worst_xgboost, 2e-5) << name;
    RecordProperty("worst_" + name, std::to_string(worst));
    std::printf("%s: %.1e from the plain reference, %.1e from xgboost\n", name.c_str(), worst,
                worst_xgboost);
  }
}

TEST(BoostedTrees, LearnTheRuleTheyWereGiven) {
  const Answer answer = RunOne(Boosted(std::string(kFormula) + "trees = 20\ndepth = 3\n"),
                               Simulated(900, 5).Sites(4));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer.Number("/metrics/train/auc"), 0.97);
  EXPECT_GT(answer.Number("/metrics/cross_validated/auc"), 0.93);
  EXPECT_LT(answer.Number("/metrics/cross_validated/log_loss"), 0.4);
  EXPECT_EQ(answer.Number("/metrics/cross_validated/n"), 900);
  EXPECT_GT(answer.Number("/cross_site/pooled/auc"), 0.93);
  EXPECT_EQ(answer.Size("/cross_site/per_site"), 4U);
  EXPECT_EQ(answer.Text("/importance/0/variable"), "x");
  double gain = 0;
  for (const char* at : {"0", "1", "2"}) {
    gain += answer.Number("/importance/" + std::string(at) + "/gain");
  }
  EXPECT_NEAR(gain, 1, 1e-12);
  EXPECT_EQ(answer.Text("/model/format"), "clinnova-model/1");
}

/// The area under the curve by its definition, from the model's own scores.
TEST(BoostedTrees, MeasureTheAreaUnderTheCurveExactly) {
  const Rows rows = Simulated(400, 8);
  const std::vector<Table> tables = rows.Sites(3);
  const Answer answer =
      RunOne(Boosted(std::string(kFormula) + "trees = 5\ndepth = 2\nfolds = 0\n"), tables);
  ASSERT_TRUE(answer) << answer.error().message;
  const json model = json::parse(answer.text()).at("model");
  std::vector<std::pair<double, bool>> scored;
  double loss = 0;
  for (const Table& table : tables) {
    for (std::size_t r = 0; r < table.rows; ++r) {
      const double score =
          Predict(model, {{"x", table.columns[2].numbers[r]}, {"z", table.columns[3].numbers[r]}},
                  table.columns[4].codes[r] == 1 ? "M" : "F");
      const bool event = table.columns[1].numbers[r] == 1;
      scored.emplace_back(score, event);
      loss += std::log1p(std::exp(event ? -score : score));
    }
  }
  double pairs = 0;
  double concordant = 0;
  for (const auto& [a, event] : scored) {
    for (const auto& [b, other] : scored) {
      if (!event || other) continue;
      pairs += 1;
      concordant += a > b ? 1 : a == b ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(answer.Number("/metrics/train/auc"), concordant / pairs, 1e-12);
  EXPECT_NEAR(answer.Number("/metrics/train/log_loss"), loss / 400, 1e-12);
}

TEST(BoostedTrees, SendWhatIsMissingTheBetterWay) {
  std::mt19937_64 random(3);
  Rows rows({"y", "d", "x", "z"});
  for (int r = 0; r < 400; ++r) {
    // Whoever lacks x has the outcome.
    const bool missing = random() % 4 == 0;
    const double x = missing ? std::nan("") : static_cast<double>(random() % 100);
    rows.Add({0, missing || x > 80 ? 1.0 : 0.0, x, 1}, 0);
  }
  const std::string options = std::string(kFormula) + "trees = 10\ndepth = 1\nfolds = 0\n";
  const Answer kept = RunOne(Boosted(options + "missing = \"learn\"\n"), rows.Sites(3));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept.Number("/n"), 400);
  EXPECT_EQ(kept.Number("/metrics/train/auc"), 1);
  const Answer left_out = RunOne(Boosted(options), rows.Sites(3));
  ASSERT_TRUE(left_out);
  EXPECT_EQ(left_out.Number("/n") + left_out.Number("/n_missing"), 400);
  EXPECT_GT(left_out.Number("/n_missing"), 50);
}

TEST(BoostedTrees, SplitOnlyWhereTenPersonsOfTwoSitesStand) {
  const Rows rows = Simulated(600, 9);
  const std::string options =
      std::string(kFormula) + "trees = 3\ndepth = 8\nmin_child_weight = 0\nfolds = 0\n";
  const std::vector<Table> tables = rows.Sites(3);
  const Answer open = RunOne(Boosted(options), tables);
  const Answer ruled = RunOne(Boosted(options), tables, {.minimum_count = 5});
  ASSERT_TRUE(open && ruled) << ruled.error().message;
  EXPECT_TRUE(ruled.IsNull("/cross_site"));
  EXPECT_EQ(ruled.Texts("/suppressed"), std::vector<std::string>{"cross_site"});
  const auto smallest_leaf = [&](const Answer& answer) {
    // Leaves of the first tree, filled again with all rows.
    const json tree = json::parse(answer.text()).at("model").at("arms").at("d").at("trees")[0];
    std::map<std::size_t, std::map<std::size_t, int>> sites_of_leaf;
    for (std::size_t s = 0; s < tables.size(); ++s) {
      for (std::size_t r = 0; r < tables[s].rows; ++r) {
        std::size_t at = 0;
        while (!tree[at].contains("leaf")) {
          const json& node = tree[at];
          const bool left =
              node.contains("levels")
                  ? node.at("levels")[0] == (tables[s].columns[4].codes[r] == 1 ? "M" : "F")
                  : tables[s].columns[node.at("input") == "x" ? 2 : 3].numbers[r] <=
                        node.at("threshold").get<double>();
          at = node.at(left ? "left" : "right").get<std::size_t>();
        }
        ++sites_of_leaf[at][s];
      }
    }
    int fewest = 1 << 30;
    for (const auto& [leaf, sites] : sites_of_leaf) {
      int persons = 0;
      for (const auto& [site, count] : sites) persons += count;
      fewest = std::min(fewest, sites.size() < 2 ? 0 : persons);
    }
    return fewest;
  };
  // One site alone: nothing may be divided, and the result says so.
  const Answer alone = RunOne(Boosted(options), rows.Sites(1), {.minimum_count = 5});
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_NE(alone.Text("/warnings/0").find("no split"), std::string::npos);
  EXPECT_LT(smallest_leaf(open), 10);
  EXPECT_GE(smallest_leaf(ruled), 10);
}

/// A column that tells one site's rows from the others' cannot be split, however well it would.
TEST(BoostedTrees, DoNotSplitASiteFromTheOthers) {
  Rows rows({"y", "d", "x", "z"});
  std::mt19937_64 random(4);
  for (int r = 0; r < 300; ++r) {
    const bool first = r % 3 == 0;  // the rows of site 1 of 3
    rows.Add({0, (first ? random() % 8 != 0 : random() % 8 == 0) ? 1.0 : 0.0, first ? 1.0 : 0.0,
              static_cast<double>(random() % 10)},
             0);
  }
  const std::string options = std::string(kFormula) + "trees = 1\ndepth = 1\nfolds = 0\n";
  const Answer open = RunOne(Boosted(options), rows.Sites(3));
  ASSERT_TRUE(open);
  EXPECT_EQ(open.Text("/model/arms/d/trees/0/0/input"), "x");
  const Answer ruled = RunOne(Boosted(options), rows.Sites(3), {.minimum_count = 5});
  ASSERT_TRUE(ruled) << ruled.error().message;
  EXPECT_FALSE(ruled.Has("/model/arms/d/trees/0/0/input") &&
               ruled.Text("/model/arms/d/trees/0/0/input") == "x");
}

TEST(BoostedTrees, LeaveSitesOutOnlyWhereTheyAreReleased) {
  const std::vector<Table> tables = Simulated(600, 2).Sites(3);
  const std::string options = std::string(kFormula) + "trees = 3\ndepth = 2\nfolds = 0\n";
  const Answer released =
      RunOne(Boosted(options + "release_sites = true\n"), tables, {.minimum_count = 5});
  ASSERT_TRUE(released) << released.error().message;
  EXPECT_EQ(released.Size("/cross_site/per_site"), 3U);
  EXPECT_EQ(released.Text("/cross_site/per_site/1/site"), "s2");
  EXPECT_GT(released.Number("/cross_site/per_site/1/auc"), 0.8);
}

TEST(BoostedTrees, SayWhatIsWrong) {
  const std::vector<Table> tables = Simulated(100, 6).Sites(3);
  const auto message = [&](const std::string& options) {
    const Answer answer = RunOne(Boosted(options), tables);
    EXPECT_FALSE(answer) << options;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput) << options;
    return answer.error().message;
  };
  EXPECT_NE(message("formula = \"y ~ x\"\n").find("neither 0 nor 1"), std::string::npos);
  EXPECT_NE(message("formula = \"d ~ log(x)\"\n").find("log(x)"), std::string::npos);
  EXPECT_NE(message(std::string(kFormula) + "objective = \"lambda\"\n").find("objective"),
            std::string::npos);
  EXPECT_NE(message(std::string(kFormula) + "objective = \"cox\"\n").find("Surv"),
            std::string::npos);
  EXPECT_NE(message(std::string(kFormula) + "depth = 40\n").find("found 40, expected 1 to 14"),
            std::string::npos);
  EXPECT_NE(message(std::string(kFormula) + "bins = 1\n").find("expected 2 to 255"),
            std::string::npos);
  EXPECT_NE(message(std::string(kFormula) + "test_fraction = 0.5\nfolds = 5\n").find("folds"),
            std::string::npos);
}

TEST(BoostedTrees, RefuseARareOutcome) {
  Rows rows({"y", "d", "x", "z"});
  for (int r = 0; r < 100; ++r) rows.Add({0, r < 3 ? 1.0 : 0.0, r * 1.0, 1}, 0);
  const Answer answer = RunOne(Boosted(kFormula), rows.Sites(3), {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, "rare_level");
}

}  // namespace
}  // namespace clinnova::learn
