// SPDX-License-Identifier: Apache-2.0
// Lasso paths of 100 lambdas, gaussian and binomial, over 5 sites in this process, on rows that it also hands to R:
// a numeric outcome, one of 0 and 1, then the covariates (see task.h).
#include <cmath>
#include <random>

#include "task.h"

namespace clinnova::bench {
namespace {

constexpr std::size_t kSites = 5;
/// Of a path's lambdas, those whose coefficients are compared.
constexpr std::size_t kEvery = 11;

/// Covariates are correlated with their neighbour; every tenth has an effect.
Columns Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(47);
  std::normal_distribution<double> normal;
  Columns columns(2 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double eta = 0;
    double before = normal(random);
    for (std::size_t j = 0; j < covariates; ++j) {
      before = 0.6 * before + 0.8 * normal(random);
      columns[2 + j][r] = before;
      if (j % 10 == 0) eta += before * (j % 20 == 0 ? 0.2 : -0.1);
    }
    columns[0][r] = eta + 2 * normal(random);
    const double u = std::ldexp(static_cast<double>(random() >> 11), -53);
    columns[1][r] = u < 1 / (1 + std::exp(-eta)) ? 1 : 0;
  }
  return columns;
}

std::string Analyses(const std::vector<std::string>& names) {
  std::string covariates;
  for (std::size_t j = 2; j < names.size(); ++j) covariates += (j > 2 ? " + " : "") + names[j];
  const auto analysis = [&](const std::string& family, const std::string& outcome) {
    return "[[analysis]]\nname = \"" + family + "\"\nmethod = \"elastic_net\"\nfamily = \"" +
           family + "\"\nformula = \"" + outcome + " ~ " + covariates + "\"\n";
  };
  return analysis("gaussian", "y") + analysis("binomial", "b");
}

void PrintNumbers(const Task& task, const std::string& name, const Json& result) {
  const Json& path = result["path"];
  task.PrintNumber(name, Json(path.size()));
  for (std::size_t k = 0; k < path.size(); k += kEvery) {
    task.PrintNumber(name, path[k]["lambda"]);
    for (const Json& term : path[k]["terms"]) task.PrintNumber(name, term["estimate"]);
  }
}

void Run(const Task& task) {
  const Columns columns = Draw(task.rows(), task.covariates());
  task.Write(columns);
  std::vector<std::string> names{"y", "b"};
  for (std::size_t j = 0; j < task.covariates(); ++j) names.push_back("x" + std::to_string(j));
  const federation::Study study = task.StudyOf(Analyses(names));
  const auto federation = task.Federate(study, Sites(columns, names, kSites, {}), 5);
  for (const federation::Analysis& analysis : study.analyses())
    PrintNumbers(task, analysis.name(), task.Run(*federation, analysis));
}

}  // namespace
}  // namespace clinnova::bench

int main(int argc, char** argv) {
  clinnova::bench::Run(clinnova::bench::Task("elastic_net_bench", argc, argv));
}
