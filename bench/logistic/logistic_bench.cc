// SPDX-License-Identifier: Apache-2.0
// Logistic regression over 5 sites in this process, on rows that it also hands to R: the outcome's column, then
// those of the covariates (see task.h).
#include <cmath>
#include <random>

#include "task.h"

namespace clinnova::bench {
namespace {

constexpr std::size_t kSites = 5;

/// Outcome and covariates, column by column: half of the covariates are 0 or 1, the others normal.
Columns Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(20);
  std::normal_distribution<double> normal;
  Columns columns(1 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double eta = -0.5;
    for (std::size_t j = 1; j <= covariates; ++j) {
      const double x = j % 2 == 0 ? static_cast<double>(random() % 2) : normal(random);
      columns[j][r] = x;
      eta += 0.1 * x * (j % 3 == 0 ? -1 : 1);
    }
    const double u = std::ldexp(static_cast<double>(random() >> 11), -53);
    columns[0][r] = u < 1 / (1 + std::exp(-eta)) ? 1 : 0;
  }
  return columns;
}

void Run(const Task& task) {
  const Columns columns = Draw(task.rows(), task.covariates());
  task.Write(columns);
  std::vector<std::string> names{"y"};
  std::string formula = "y ~ x1";
  for (std::size_t j = 1; j <= task.covariates(); ++j) {
    names.push_back("x" + std::to_string(j));
    if (j > 1) formula += " + " + names.back();
  }
  const federation::Study study = task.StudyOf(
      "[[analysis]]\nname = \"logistic\"\nmethod = \"glm\"\nfamily = \"binomial\"\n"
      "formula = \"" +
      formula + "\"\n");
  const auto federation = task.Federate(study, Sites(columns, names, kSites, {}), 5);
  const Json result = task.Run(*federation, study.analyses().front());
  for (const Json& term : result["terms"]) task.PrintNumber("logistic", term["estimate"]);
}

}  // namespace
}  // namespace clinnova::bench

int main(int argc, char** argv) {
  clinnova::bench::Run(clinnova::bench::Task("logistic_bench", argc, argv));
}
