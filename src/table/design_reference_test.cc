// SPDX-License-Identifier: Apache-2.0
// Design matrices against R's model.matrix on a table with missing values and unused levels, found the way
// a study finds them: a first pass without facts, then levels and knots, then the design.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "table/design.h"
#include "table/orthogonal_polynomial.h"
#include "table/table_fixture.h"

namespace clinnova::table {
namespace {

using Strings = std::vector<std::string>;

Strings Split(const std::string& line, char separator) {
  Strings cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, separator);) cells.push_back(cell);
  return cells;
}

/// reference_design.csv; `n` a second time as factor(n).
Table ReferenceTable() {
  std::ifstream file(std::string(CLINNOVA_TABLE_REFERENCE) + "/reference_design.csv");
  std::string line;
  std::getline(file, line);
  const Strings names = Split(line, ',');
  std::vector<Strings> cells(names.size());
  while (std::getline(file, line)) {
    const Strings row = Split(line, ',');
    for (std::size_t c = 0; c < names.size(); ++c) cells[c].push_back(row[c] == "NA" ? "" : row[c]);
  }
  std::vector<FixtureColumn> columns;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::vector<double> numbers;
    bool numeric = true;
    for (const std::string& cell : cells[c]) {
      numeric = numeric && (cell.empty() || ParseNumber(cell));
      numbers.push_back(ParseNumber(cell).value_or(kNa));
    }
    if (numeric) {
      columns.emplace_back(names[c], numbers);
      if (names[c] == "n") columns.emplace_back("factor(n)", cells[c]);
    } else {
      columns.emplace_back(names[c], cells[c]);
    }
  }
  return MakeTable(columns);
}

double Quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  const double h = static_cast<double>(values.size() - 1) * p;
  const auto low = static_cast<std::size_t>(h);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (h - static_cast<double>(low)) * (values[high] - values[low]);
}

std::vector<double> PolynomialOver(const std::vector<double>& values, int degree) {
  const auto n = static_cast<double>(values.size());
  OrthogonalPolynomial polynomial(std::accumulate(values.begin(), values.end(), 0.0) / n, 0.5, n);
  for (int d = 0; d <= degree; ++d) {
    double norm = 0;
    double shifted = 0;
    for (const double x : values) {
      const double p = polynomial.Monic(polynomial.Scaled(x));
      norm += p * p;
      shifted += polynomial.Scaled(x) * p * p;
    }
    if (d > 0) polynomial.AddNorm(norm);
    if (d < degree) polynomial.AddAlpha(shifted / norm);
  }
  return polynomial.Coefficients();
}

DesignFacts FindFacts(const Formula& formula, const Table& table) {
  DesignFacts facts;
  const auto design = Design::Create(formula, table.schema, {}, {});
  EXPECT_TRUE(design) << formula.text();
  if (!design) return facts;
  DesignBatch batch;
  design->Evaluate(table, 0, table.rows, batch);
  for (const auto& factor : design->factors()) {
    std::set<std::int32_t> codes;
    for (std::uint32_t row : batch.source_row) {
      codes.insert(table.column(factor.schema_column).codes[row]);
    }
    Strings& used = facts.used_levels[factor.column];
    for (std::int32_t code : codes) used.push_back(factor.levels[static_cast<std::size_t>(code)]);
  }
  for (const auto& need : design->bases_without_facts()) {
    std::vector<double> values;
    design->BasisInput(table, batch, need.text, values);
    if (need.polynomial) {
      facts.polynomials[need.text] = PolynomialOver(values, need.degree);
      continue;
    }
    std::vector<double>& knots = facts.knots[need.text];
    const int parts = need.quantiles + 1;
    for (int k = 0; k <= parts; ++k) {
      knots.push_back(Quantile(values, static_cast<double>(k) / parts));
    }
    knots.insert(knots.begin() + 1, need.interior.begin(), need.interior.end());
  }
  return facts;
}

struct Expected {
  std::string formula;
  std::vector<std::uint32_t> rows;
  std::vector<int> assign;
  Strings names;
  std::vector<std::vector<double>> columns;
};

std::vector<Expected> ReadExpected() {
  std::ifstream file(std::string(CLINNOVA_TABLE_REFERENCE) + "/reference_design.txt");
  std::vector<Expected> all;
  for (std::string line; std::getline(file, line);) {
    const Strings cells = Split(line, '\t');
    if (cells[0] == "formula") {
      all.emplace_back().formula = cells[1];
      continue;
    }
    Expected& expected = all.back();
    if (cells[0] == "rows") {
      for (std::size_t i = 1; i < cells.size(); ++i) {
        expected.rows.push_back(static_cast<std::uint32_t>(std::stoul(cells[i])));
      }
    } else if (cells[0] == "assign") {
      for (std::size_t i = 1; i < cells.size(); ++i) expected.assign.push_back(std::stoi(cells[i]));
    } else {
      expected.names.push_back(cells[0]);
      auto& column = expected.columns.emplace_back();
      for (std::size_t i = 1; i < cells.size(); ++i) column.push_back(std::stod(cells[i]));
    }
  }
  return all;
}

void Compare(const Expected& expected, const Table& table) {
  const auto formula = Formula::Parse(expected.formula);
  ASSERT_TRUE(formula) << formula.error().message;
  const auto design = Design::Create(*formula, table.schema, {}, FindFacts(*formula, table));
  ASSERT_TRUE(design) << expected.formula << ": " << design.error().message;
  EXPECT_EQ(design->names(), expected.names) << expected.formula;
  EXPECT_EQ(design->assign(), expected.assign) << expected.formula;
  EXPECT_TRUE(design->bases_without_facts().empty());
  if (design->names() != expected.names) return;
  DesignBatch batch;
  design->Evaluate(table, 0, table.rows, batch);
  EXPECT_EQ(batch.source_row, expected.rows) << expected.formula;
  ASSERT_EQ(batch.rows, expected.rows.size());
  EXPECT_EQ(batch.rows + batch.missing, table.rows);
  EXPECT_EQ(batch.infinite + batch.invalid, 0U);
  for (std::size_t c = 0; c < expected.columns.size(); ++c) {
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const double want = expected.columns[c][r];
      EXPECT_NEAR(batch.x[c * kBatchRows + r], want, 1e-13 * std::max(1.0, std::fabs(want)))
          << expected.formula << " column " << expected.names[c] << " row " << r;
    }
  }
}

TEST(DesignReference, EqualsModelMatrix) {
  const Table table = ReferenceTable();
  const std::vector<Expected> all = ReadExpected();
  EXPECT_GE(all.size(), 100U);
  for (const Expected& expected : all) Compare(expected, table);
}

}  // namespace
}  // namespace clinnova::table
