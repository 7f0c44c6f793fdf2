// SPDX-License-Identifier: Apache-2.0
// Cox's model stratified by site, Kaplan-Meier curves and the log-rank test over 5 sites in this process, on rows
// that it also hands to R: the columns time, status, site, then the covariates (see task.h).
#include <cmath>
#include <random>

#include "task.h"

namespace clinnova::bench {
namespace {

constexpr std::size_t kSites = 5;
constexpr double kLongestDays = 3000;

/// time in whole days, status, site, covariates: the first is a group of 0 and 1, the others normal.
Columns Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(31);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(1e-12, 1);
  Columns columns(3 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double eta = 0;
    for (std::size_t j = 0; j < covariates; ++j) {
      const double x = j == 0 ? static_cast<double>(random() % 2) : normal(random);
      columns[3 + j][r] = x;
      eta += 0.1 * x * (j % 3 == 2 ? -1 : 1);
    }
    const double event = -std::log(uniform(random)) * 1500 * std::exp(-eta);
    const double censoring = uniform(random) * kLongestDays;
    columns[0][r] = 1 + std::floor(std::min(event, censoring));
    columns[1][r] = event <= censoring ? 1 : 0;
    columns[2][r] = static_cast<double>(r * kSites / rows);
  }
  return columns;
}

std::string Analyses(std::size_t covariates) {
  std::string formula = "Surv(time, status) ~ x0";
  for (std::size_t j = 1; j < covariates; ++j) formula += " + x" + std::to_string(j);
  const auto analysis = [&](const std::string& method, const std::string& of) {
    return "[[analysis]]\nname = \"" + method + "\"\nmethod = \"" + method + "\"\nformula = \"" +
           of + "\"\n";
  };
  return analysis("cox", formula) + analysis("kaplan_meier", "Surv(time, status) ~ x0") +
         analysis("logrank", "Surv(time, status) ~ x0");
}

void PrintNumbers(const Task& task, const std::string& method, const Json& result) {
  if (method == "logrank") task.PrintNumber(method, result["statistic"]);
  if (method == "cox") {
    for (const Json& term : result["terms"]) task.PrintNumber(method, term["estimate"]);
    for (const Json& term : result["terms"]) task.PrintNumber(method, term["std_error"]);
    task.PrintNumber(method, result["log_lik"]);
    task.PrintNumber(method, result["concordance"]);
  }
  if (method == "kaplan_meier") {
    for (const Json& curve : result["curves"]) task.PrintNumber(method, curve["estimate"].back());
  }
}

void Run(const Task& task) {
  const Columns columns = Draw(task.rows(), task.covariates());
  task.Write(columns);
  std::vector<std::string> names{"time", "status", "number_of_site"};
  for (std::size_t j = 0; j < task.covariates(); ++j) names.push_back("x" + std::to_string(j));
  const federation::Study study = task.StudyOf(Analyses(task.covariates()));
  const auto federation = task.Federate(study, Sites(columns, names, kSites, {{3, {"0", "1"}}}), 0);
  for (const federation::Analysis& analysis : study.analyses())
    PrintNumbers(task, analysis.method(), task.Run(*federation, analysis));
}

}  // namespace
}  // namespace clinnova::bench

int main(int argc, char** argv) {
  clinnova::bench::Run(clinnova::bench::Task("survival_bench", argc, argv));
}
