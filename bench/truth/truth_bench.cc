// SPDX-License-Identifier: Apache-2.0
// What a treatment choice says against what is true: synthetic cohorts over four sites whose every potential outcome is
// known, one JSON line for each.
//
//   truth_bench --seeds 1..200 --patients 800 --scenario crossover     # or null, tie
//
// Scenarios: crossover = the cohort of docs/synthetic-data.md, in which different drugs are best for different
// patients; null = one drug is best for everybody, the others a little behind; tie = no drug is better for anybody.
// True values are those among 20,000 further patients of the same sites. A line tells the study's policy values with
// intervals, the true values of what they estimate (the rules learned without each fold, averaged), likewise the net
// benefit by threshold over anti-TNF for everybody, of the rule learned
// from all, of the oracle; the gain's interval and claim; and how often the bedside's intervals hold the truth.
// `--secure` runs with secure sums, `--repeat` checks that this gives the same bits; `--write DIR` also writes the cohort
// and the further patients as CSV, for pooled.py.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "core/json_text.h"
#include "decision/learned_model.h"
#include "federation/in_process.h"
#include "intake/synthetic_ra.h"
#include "learn/choice_learning.h"
#include "learn/choice_net_benefit.h"
#include "learn/learners.h"
#include "stats/method.h"
#include "table/number_text.h"

namespace clinnova::bench {
namespace {

using Json = nlohmann::ordered_json;
using intake::RaPatient;
using table::Column;
using table::ColumnKind;
using table::Table;

constexpr std::size_t kSites = 4;
constexpr std::size_t kFurther = 5000;              // at each site
constexpr std::uint64_t kFurtherSeed = 77'000'000;  // no cohort has it
/// Arms as the factor has them, sorted by bytes.
constexpr std::size_t kArms[] = {intake::kJak, intake::kIl6, intake::kAntiTnf};

struct Arguments {
  std::uint64_t first = 1, last = 20;
  std::size_t patients = 800;
  std::string scenario = "crossover";
  std::string more;  ///< options of the analysis, TOML
  std::string write;
  bool secure = false;
  bool repeat = false;
};

intake::TrueEffects EffectsOf(const std::string& scenario) {
  if (scenario == "null") return intake::TrueEffects::kOneBest;
  return scenario == "tie" ? intake::TrueEffects::kNone : intake::TrueEffects::kCrossover;
}

table::Schema SchemaOf() {
  table::Schema schema;
  for (const char* name : {"low_activity", "das28", "crp", "haq", "age", "seropositive",
                           "current_smoker", "prior_biologics"}) {
    schema.columns.push_back({.name = name, .kind = ColumnKind::kNumeric, .levels = {}});
  }
  schema.columns.push_back({.name = "sex", .kind = ColumnKind::kFactor, .levels = {"F", "M"}});
  schema.columns.push_back({.name = "drug", .kind = ColumnKind::kFactor, .levels = {}});
  for (const std::size_t arm : kArms) {
    schema.columns.back().levels.emplace_back(intake::DrugClassName(arm));
  }
  schema.columns.push_back({.name = "site", .kind = ColumnKind::kFactor, .levels = {}});
  for (std::size_t s = 0; s < kSites; ++s) {
    schema.columns.back().levels.emplace_back(
        intake::SiteName(static_cast<intake::SyntheticSite>(s)));
  }
  return schema;
}

void Append(const RaPatient& patient, std::size_t site, Table& table) {
  // Values of the first visit are complete here: what a missing value does is another study.
  const intake::RaVisit& visit = patient.visits.front();
  const double numbers[] = {patient.response[patient.assigned] ? 1.0 : 0.0,
                            patient.baseline_das28,
                            visit.crp_tenths.value_or(123) / 10.0,
                            visit.haq_eighths.value_or(10) / 8.0,
                            static_cast<double>(patient.age),
                            patient.rheumatoid_factor || patient.acpa ? 1.0 : 0.0,
                            patient.smoking == intake::Smoking::kCurrent ? 1.0 : 0.0,
                            static_cast<double>(patient.prior_biologics)};
  for (std::size_t c = 0; c < std::size(numbers); ++c)
    table.columns[c].numbers.push_back(numbers[c]);
  table.columns[8].codes.push_back(patient.female ? 0 : 1);
  const auto arm = std::ranges::find(kArms, static_cast<std::size_t>(patient.assigned));
  table.columns[9].codes.push_back(static_cast<std::int32_t>(arm - std::begin(kArms)));
  table.columns[10].codes.push_back(static_cast<std::int32_t>(site));
  ++table.rows;
}

bool Complete(const RaPatient& patient) {
  return patient.visits.front().crp_tenths && patient.visits.front().haq_eighths;
}

/// Patients of one site with complete first visits, and their true chances by arm.
Table Draw(std::uint64_t seed, std::size_t site, std::size_t patients, intake::TrueEffects effects,
           std::vector<std::array<double, 3>>* truth) {
  Table table{.schema = SchemaOf(), .columns = {}, .rows = 0};
  table.columns.resize(table.schema.columns.size());
  const intake::CohortOptions options{
      .seed = seed, .site = static_cast<intake::SyntheticSite>(site), .effects = effects};
  for (std::uint64_t i = 0; table.rows < patients; ++i) {
    const RaPatient patient = intake::DrawRaPatient(options, i);
    if (!Complete(patient)) continue;
    Append(patient, site, table);
    if (truth == nullptr) continue;
    truth->push_back({patient.probability[kArms[0]], patient.probability[kArms[1]],
                      patient.probability[kArms[2]]});
  }
  return table;
}

/// The further patients, in whom true values are taken.
struct Further {
  Table table;
  std::vector<std::array<double, 3>> truth;
};

Further DrawFurther(intake::TrueEffects effects) {
  Further further;
  for (std::size_t s = 0; s < kSites; ++s) {
    Table site = Draw(kFurtherSeed, s, kFurther, effects, &further.truth);
    if (s == 0) {
      further.table = std::move(site);
      continue;
    }
    for (std::size_t c = 0; c < site.columns.size(); ++c) {
      Column& to = further.table.columns[c];
      to.numbers.insert(to.numbers.end(), site.columns[c].numbers.begin(),
                        site.columns[c].numbers.end());
      to.codes.insert(to.codes.end(), site.columns[c].codes.begin(), site.columns[c].codes.end());
    }
    further.table.rows += site.rows;
  }
  return further;
}

std::string StudyText(const Arguments& arguments, bool secure) {
  return std::string("[study]\ntitle = \"truth\"\npurpose = \"bench\"\n[privacy]\nsecure_sum = ") +
         (secure ? "true" : "false") +
         "\n[[analysis]]\nname = \"choice\"\nmethod = \"treatment_choice\"\n" +
         "outcome = \"low_activity\"\ntreatment = \"drug\"\ncovariates = [\"das28\", "
         "\"prior_biologics\", "
         "\"current_smoker\", \"haq\", \"seropositive * log(crp + 1)\", \"age\", \"I(age >= 65)\", "
         "\"sex\", "
         "\"site\"]\nguideline = [\"anti-TNF\"]\nevaluation = [\"policies\", \"net_benefit\", "
         "\"policy_tree\"]\n"
         "thresholds = [0, 0.05, 0.1]\n" +
         arguments.more + "\n";
}

Result<std::unique_ptr<federation::InProcessFederation>> Federate(const federation::Study& study,
                                                                  std::vector<Table> tables) {
  return federation::InProcessFederation::Create(
      {.study = study,
       .site_names = tables.front().schema.columns.back().levels,
       .tables = std::move(tables),
       .steps = &stats::Steps(),
       .minimum_count = 5,
       .threads = 1});
}

/// What is expected of a further patient under each arm by one of the learned models: that of all rows, or the one
/// without a fold.
class Expectations {
 public:
  static Result<Expectations> Create(const learn::LearnedChoice& rules,
                                     const stats::ModelFrame& frame, const Further& further,
                                     std::optional<std::size_t> without_fold) {
    Expectations made(rules, frame, further);
    if (!rules.forests) {
      made.linear_ = without_fold ? rules.models.outcome[*without_fold] : rules.all_rows;
      return made;
    }
    const auto& features = rules.forests->features;
    CLINNOVA_ASSIGN(const auto codes,
                    learn::ArmCodes(rules.arms, further.table.schema, features.back()));
    const learn::ChoiceTrees& trees =
        without_fold ? rules.forests->by_fold[*without_fold] : rules.forests->all_rows;
    CLINNOVA_ASSIGN(made.forest_, learn::ChoiceForest::Create(trees, features, codes));
    return made;
  }

  /// Linear predictors by arm of row r of a batch.
  std::array<double, 3> Of(const table::DesignBatch& batch, std::size_t r) const {
    std::array<double, 3> eta{};
    std::vector<std::uint8_t> bins(forest_ ? rules_.forests->features.size() : 0);
    if (forest_) learn::BinRow(further_.table, batch.source_row[r], rules_.forests->features, bins);
    const std::size_t p = frame_.columns();
    for (std::size_t a = 0; a < 3; ++a) {
      if (forest_) {
        eta[a] = forest_->Predictor(bins, rules_.forests->features, a);
        continue;
      }
      for (std::size_t j = 0; j < p; ++j)
        eta[a] += linear_[a * p + j] * batch.x[j * table::kBatchRows + r];
    }
    return eta;
  }

 private:
  Expectations(const learn::LearnedChoice& rules, const stats::ModelFrame& frame,
               const Further& further)
      : rules_(rules), frame_(frame), further_(further) {}

  const learn::LearnedChoice& rules_;  // not owned, outlives this
  const stats::ModelFrame& frame_;     // not owned, outlives this
  const Further& further_;             // not owned, outlives this
  std::vector<double> linear_{};
  std::optional<learn::ChoiceForest> forest_{};
};

/// True value of a model's rule among the further patients.
Result<double> TrueValue(const learn::LearnedChoice& rules, const stats::ModelFrame& frame,
                         const Further& further, std::optional<std::size_t> without_fold,
                         std::array<double, 3>* chosen_share) {
  CLINNOVA_ASSIGN(const Expectations expectations,
                  Expectations::Create(rules, frame, further, without_fold));
  table::DesignBatch batch;
  double total = 0;
  for (std::size_t first = 0; first < further.table.rows; first += table::kBatchRows) {
    const std::size_t count = std::min(table::kBatchRows, further.table.rows - first);
    frame.design().Evaluate(further.table, first, count, batch);
    stats::Standardise(frame.claim(), batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::array<double, 3> eta = expectations.Of(batch, r);
      // The first of equals, as the method has it.
      const auto best = static_cast<std::size_t>(std::ranges::max_element(eta) - eta.begin());
      total += further.truth[batch.source_row[r]][best];
      if (chosen_share != nullptr)
        (*chosen_share)[best] += 1.0 / static_cast<double>(further.table.rows);
    }
  }
  return total / static_cast<double>(further.table.rows);
}

/// The reference of net benefit, by its place in kArms.
constexpr std::size_t kReference = 2;
constexpr double kThresholds[] = {0, 0.05, 0.1};

/// True net benefit at each threshold of the rules without each fold, averaged.
Result<std::vector<double>> TrueNetBenefit(const learn::LearnedChoice& rules,
                                           const stats::ModelFrame& frame, const Further& further) {
  const std::size_t folds = rules.models.propensity.size();
  const double share = 1.0 / static_cast<double>(further.table.rows * folds);
  std::vector<double> net(std::size(kThresholds));
  table::DesignBatch batch;
  for (std::size_t f = 0; f < folds; ++f) {
    CLINNOVA_ASSIGN(const Expectations expectations,
                    Expectations::Create(rules, frame, further, f));
    for (std::size_t first = 0; first < further.table.rows; first += table::kBatchRows) {
      const std::size_t count = std::min(table::kBatchRows, further.table.rows - first);
      frame.design().Evaluate(further.table, first, count, batch);
      stats::Standardise(frame.claim(), batch);
      for (std::size_t r = 0; r < batch.rows; ++r) {
        std::array<double, 3> chance = expectations.Of(batch, r);
        for (double& part : chance) part = core::Expit(part);
        const learn::Switch how = learn::SwitchOf(chance, kReference, kThresholds);
        const auto& truth = further.truth[batch.source_row[r]];
        for (std::size_t t = 0; t < how.level; ++t) {
          net[t] += share * (truth[how.arm] - truth[kReference] - kThresholds[t]);
        }
      }
    }
  }
  return net;
}

/// How often the bedside's intervals hold the true chance, and what its recommendations are worth.
Json Bedside(const Json& result, const Further& further) {
  const auto model = decision::ReadLearnedModel(result["model"].dump(), "model");
  if (!model) return {{"error", model.error().message}};
  std::size_t asked = 0, covered = 0, recommended = 0, right = 0, difference_covered = 0,
              differences = 0;
  constexpr std::size_t kStep = 97;
  for (std::size_t r = 0; r < further.table.rows; r += kStep) {
    decision::PatientValues patient;
    for (const decision::ModelInput& input : model->inputs) {
      const std::size_t c = *further.table.schema.Find(input.name);
      if (input.factor) {
        const auto code = static_cast<std::size_t>(further.table.columns[c].codes[r]);
        patient.levels[input.name] = further.table.schema.columns[c].levels[code];
      } else {
        patient.numbers[input.name] = further.table.columns[c].numbers[r];
      }
    }
    const auto answer = decision::PredictLearned(*model, patient);
    if (!answer) continue;
    ++asked;
    const std::array<double, 3>& truth = further.truth[r];
    for (std::size_t a = 0; a < 3; ++a) {
      covered +=
          truth[a] >= *answer->outcomes[a].low && truth[a] <= *answer->outcomes[a].high ? 1 : 0;
    }
    std::size_t d = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < a; ++b, ++d, ++differences) {
        const double true_difference = truth[a] - truth[b];
        difference_covered += true_difference >= *answer->differences[d].low &&
                                      true_difference <= *answer->differences[d].high
                                  ? 1
                                  : 0;
      }
    }
    if (answer->recommendation.empty()) continue;
    ++recommended;
    const auto best = std::ranges::max_element(truth) - truth.begin();
    right += answer->recommendation == model->arms[static_cast<std::size_t>(best)].name ? 1 : 0;
  }
  return {{"asked", asked},
          {"interval_coverage", static_cast<double>(covered) / static_cast<double>(3 * asked)},
          {"difference_coverage",
           static_cast<double>(difference_covered) / static_cast<double>(differences)},
          {"recommended", static_cast<double>(recommended) / static_cast<double>(asked)},
          {"recommended_is_best",
           recommended > 0 ? Json(static_cast<double>(right) / static_cast<double>(recommended))
                           : Json(nullptr)}};
}

Json Truth(const Further& further) {
  std::array<double, 3> arms{};
  double oracle = 0;
  const auto n = static_cast<double>(further.truth.size());
  for (const auto& chance : further.truth) {
    for (std::size_t a = 0; a < 3; ++a) arms[a] += chance[a] / n;
    oracle += *std::ranges::max_element(chance) / n;
  }
  return {{"arms", arms}, {"best_single", *std::ranges::max_element(arms)}, {"oracle", oracle}};
}

Result<void> WriteCsv(const Table& table, const std::vector<std::array<double, 3>>* truth,
                      const std::string& path, bool header) {
  std::ofstream out(path, header ? std::ios::out : std::ios::app);
  if (header) {
    for (const auto& column : table.schema.columns) out << column.name << ",";
    out << (truth == nullptr ? "end" : "p0,p1,p2") << "\n";
  }
  for (std::size_t r = 0; r < table.rows; ++r) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& column = table.schema.columns[c];
      if (column.kind == ColumnKind::kFactor) {
        out << column.levels[static_cast<std::size_t>(table.columns[c].codes[r])] << ",";
      } else {
        out << Json(table.columns[c].numbers[r]).dump() << ",";
      }
    }
    if (truth == nullptr) {
      out << "0\n";
    } else {
      out << Json((*truth)[r][0]).dump() << "," << Json((*truth)[r][1]).dump() << ","
          << Json((*truth)[r][2]).dump() << "\n";
    }
  }
  return out ? Result<void>{} : Fail(ErrorCode::kFailed, path + ": cannot be written");
}

Result<Json> Answer(const Arguments& arguments, const std::vector<Table>& tables, bool secure) {
  CLINNOVA_ASSIGN(const auto study,
                  federation::Study::FromToml(StudyText(arguments, secure), "truth.toml"));
  CLINNOVA_ASSIGN(const auto federation, Federate(study, tables));
  return stats::RunAnalysis(*federation, study.analyses().front());
}

/// Rules as learned without each fold and from all, once more, for their true values.
Result<learn::LearnedChoice> Rules(const Arguments& arguments, const std::vector<Table>& tables,
                                   std::optional<stats::ModelFrame>& frame) {
  CLINNOVA_ASSIGN(const auto study,
                  federation::Study::FromToml(StudyText(arguments, false), "truth.toml"));
  CLINNOVA_ASSIGN(const auto federation, Federate(study, tables));
  const federation::Analysis& analysis = study.analyses().front();
  CLINNOVA_ASSIGN(const learn::ChoiceOptions options, learn::ChoiceOptionsOf(analysis));
  CLINNOVA_ASSIGN(frame, stats::ModelFrame::Build(*federation, analysis));
  return learn::LearnChoice(*federation, analysis, options, *frame,
                            learn::ChoiceFolding::kByPerson);
}

Result<Json> OneSeed(const Arguments& arguments, std::uint64_t seed, const Further& further) {
  std::vector<Table> tables;
  for (std::size_t s = 0; s < kSites; ++s) {
    tables.push_back(
        Draw(seed, s, arguments.patients / kSites, EffectsOf(arguments.scenario), nullptr));
    if (!arguments.write.empty()) {
      CLINNOVA_TRY(WriteCsv(tables.back(), nullptr,
                            arguments.write + "/cohort_" + std::to_string(seed) + ".csv", s == 0));
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  CLINNOVA_ASSIGN(const Json result, Answer(arguments, tables, arguments.secure));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::optional<stats::ModelFrame> frame;
  CLINNOVA_ASSIGN(const learn::LearnedChoice rules, Rules(arguments, tables, frame));
  double without_fold = 0;
  for (std::size_t f = 0; f < rules.models.propensity.size(); ++f) {
    CLINNOVA_ASSIGN(const double value, TrueValue(rules, *frame, further, f, nullptr));
    without_fold += value / static_cast<double>(rules.models.propensity.size());
  }
  Json line{{"seed", seed}, {"scenario", arguments.scenario}, {"patients", arguments.patients}};
  line["n"] = result["n"];
  line["rounds"] = result["rounds"];
  line["seconds"] = seconds.count();
  line["converged"] = result["converged"];
  for (const auto& policy : result["policies"]) {
    line["values"][policy["policy"].get<std::string>()] = {policy["value"], policy["conf_low"],
                                                           policy["conf_high"]};
  }
  line["gain"] = {result["gain"]["estimate"], result["gain"]["conf_low"],
                  result["gain"]["conf_high"]};
  line["best_single"] = result["gain"]["best_single"];
  line["claim"] = result["beats_best_single"];
  for (const auto& row : result["net_benefit"]["thresholds"]) {
    line["net_benefit"].push_back(
        row["rule"].is_null()
            ? Json(nullptr)
            : Json{row["rule"]["estimate"], row["rule"]["conf_low"], row["rule"]["conf_high"]});
  }
  CLINNOVA_ASSIGN(line["true_net_benefit"], TrueNetBenefit(rules, *frame, further));
  std::array<double, 3> share{};
  CLINNOVA_ASSIGN(line["true_rule"], TrueValue(rules, *frame, further, {}, &share));
  line["true_rule_without_fold"] = without_fold;
  line["true_share"] = share;
  line["truth"] = Truth(further);
  line["bedside"] = Bedside(result, further);
  const std::string bits = core::CanonicalJson(nlohmann::json::parse(result.dump()));
  line["bits"] = core::ToHex(core::Blake2b(
      core::ByteView(reinterpret_cast<const std::uint8_t*>(bits.data()), bits.size())));
  if (arguments.repeat) {
    CLINNOVA_ASSIGN(const Json again, Answer(arguments, tables, !arguments.secure));
    line["same_bits_with_secure_sums"] = again.dump() == result.dump();
  }
  return line;
}

Result<Arguments> Read(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    if (key == "--secure") {
      arguments.secure = true;
      continue;
    }
    if (key == "--repeat") {
      arguments.repeat = true;
      continue;
    }
    if (i + 1 >= argc) return Fail(ErrorCode::kInvalidInput, key + ": found no value");
    const std::string value = argv[++i];
    if (key == "--seeds") {
      arguments.first = std::stoull(value);
      const std::size_t dots = value.find("..");
      arguments.last =
          dots == std::string::npos ? arguments.first : std::stoull(value.substr(dots + 2));
    } else if (key == "--patients") {
      arguments.patients = std::stoull(value);
    } else if (key == "--scenario" && (value == "crossover" || value == "null" || value == "tie")) {
      arguments.scenario = value;
    } else if (key == "--write") {
      arguments.write = value;
    } else if (key == "--option") {
      arguments.more += value + "\n";
    } else {
      return Fail(ErrorCode::kInvalidInput,
                  "found " + key + " " + value +
                      ", expected --seeds A..B, --patients N, --scenario "
                      "crossover|null|tie, --option TOML, --write DIR, --secure, --repeat");
    }
  }
  return arguments;
}

int Run(int argc, char** argv) {
  learn::RegisterLearners();
  const auto arguments = Read(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "%s\n", arguments.error().message.c_str());
    return 2;
  }
  const Further further = DrawFurther(EffectsOf(arguments->scenario));
  if (!arguments->write.empty()) {
    const auto written =
        WriteCsv(further.table, &further.truth, arguments->write + "/further.csv", true);
    if (!written) return 1;
  }
  for (std::uint64_t seed = arguments->first; seed <= arguments->last; ++seed) {
    const auto line = OneSeed(*arguments, seed, further);
    if (!line) {
      std::printf("%s\n", Json{{"seed", seed}, {"error", line.error().message}}.dump().c_str());
    } else {
      std::printf("%s\n", line->dump().c_str());
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace clinnova::bench

int main(int argc, char** argv) { return clinnova::bench::Run(argc, argv); }
