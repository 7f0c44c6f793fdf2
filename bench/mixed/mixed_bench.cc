// SPDX-License-Identifier: Apache-2.0
// A linear mixed model with a random intercept per site over 50 sites in this process, on rows that it also hands to
// R: the columns outcome, site, then the covariates (see task.h).
#include <random>

#include "task.h"

namespace clinnova::bench {
namespace {

constexpr std::size_t kSites = 50;

Columns Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(53);
  std::normal_distribution<double> normal;
  std::vector<double> intercepts(kSites);
  for (double& intercept : intercepts) intercept = normal(random);
  Columns columns(2 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t site = r * kSites / rows;
    double mean = 1 + intercepts[site];
    for (std::size_t j = 0; j < covariates; ++j) {
      const double x = normal(random) + 0.3 * intercepts[(site + j) % kSites];
      columns[2 + j][r] = x;
      mean += 0.1 * x * (j % 3 == 2 ? -1 : 1);
    }
    columns[0][r] = mean + 2 * normal(random);
    columns[1][r] = static_cast<double>(site);
  }
  return columns;
}

void Run(const Task& task) {
  const Columns columns = Draw(task.rows(), task.covariates());
  task.Write(columns);
  std::vector<std::string> names{"y", "number_of_site"};
  std::string formula = "y ~ ";
  for (std::size_t j = 0; j < task.covariates(); ++j) {
    names.push_back("x" + std::to_string(j));
    formula += names.back() + " + ";
  }
  const federation::Study study =
      task.StudyOf("[[analysis]]\nname = \"mixed\"\nmethod = \"mixed\"\nformula = \"" + formula +
                   "(1 | site)\"\n");
  const auto federation = task.Federate(study, Sites(columns, names, kSites, {}), 5);
  const Json result = task.Run(*federation, study.analyses().front());
  for (const Json& term : result["terms"]) task.PrintNumber("mixed", term["estimate"]);
  for (const Json& term : result["terms"]) task.PrintNumber("mixed", term["std_error"]);
  for (const Json& component : result["variance_components"])
    task.PrintNumber("mixed", component["variance"]);
  task.PrintNumber("mixed", result["log_lik"]);
}

}  // namespace
}  // namespace clinnova::bench

int main(int argc, char** argv) {
  clinnova::bench::Run(clinnova::bench::Task("mixed_bench", argc, argv));
}
