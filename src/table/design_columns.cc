// SPDX-License-Identifier: Apache-2.0
#include "table/design_columns.h"

#include <algorithm>

namespace clinnova::table {
namespace {

using Term = std::vector<std::size_t>;

constexpr std::size_t kMaximumColumns = 20000;

/// True when factor `position` of terms[t] is coded by contrasts.
bool ByContrasts(const std::vector<Term>& terms, std::size_t t, std::size_t position) {
  Term rest = terms[t];
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(position));
  if (rest.empty()) return true;
  return std::any_of(
      terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(t), [&](const Term& earlier) {
        return std::all_of(rest.begin(), rest.end(), [&](std::size_t variable) {
          return std::find(earlier.begin(), earlier.end(), variable) != earlier.end();
        });
      });
}

/// The pieces and names that one variable gives a term, first level left out or not.
std::vector<DesignColumn> Pieces(const VariableShape& variable, std::size_t index, bool contrasts) {
  std::vector<DesignColumn> pieces;
  for (int level = contrasts ? 1 : 0; level < static_cast<int>(variable.levels.size()); ++level) {
    pieces.push_back({.name = variable.text + variable.levels[static_cast<std::size_t>(level)],
                      .pieces = {{.variable = index, .index = level, .indicator = true}}});
  }
  if (!variable.levels.empty()) return pieces;
  for (int column = 0; column < variable.numeric_columns; ++column) {
    const std::string number = variable.numeric_columns > 1 ? std::to_string(column + 1) : "";
    pieces.push_back(
        {.name = variable.text + number, .pieces = {{.variable = index, .index = column}}});
  }
  return pieces;
}

/// All products of `columns` with `pieces`; the earlier factor varies fastest.
std::vector<DesignColumn> Multiply(const std::vector<DesignColumn>& columns,
                                   const std::vector<DesignColumn>& pieces) {
  if (columns.empty()) return pieces;
  std::vector<DesignColumn> products;
  for (const DesignColumn& piece : pieces) {
    for (const DesignColumn& column : columns) {
      DesignColumn& product = products.emplace_back(column);
      product.name += ":" + piece.name;
      product.pieces.push_back(piece.pieces[0]);
    }
  }
  return products;
}

tl::unexpected<Error> TooMany(std::size_t columns) {
  return Fail(ErrorCode::kInvalidInput, "formula: found " + std::to_string(columns) +
                                            " design columns, expected at most " +
                                            std::to_string(kMaximumColumns));
}

}  // namespace

Result<std::vector<DesignColumn>> PlanColumns(const std::vector<VariableShape>& variables,
                                              const std::vector<Term>& terms, bool intercept) {
  std::vector<DesignColumn> columns;
  if (intercept) columns.push_back({.name = "(Intercept)", .pieces = {}});
  bool first_factor_is_full = !intercept;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    std::vector<DesignColumn> product;
    for (std::size_t k = 0; k < terms[t].size(); ++k) {
      const VariableShape& variable = variables[terms[t][k]];
      bool contrasts = false;
      if (!variable.levels.empty()) {
        contrasts = !first_factor_is_full && ByContrasts(terms, t, k);
        first_factor_is_full = false;
      }
      const std::vector<DesignColumn> pieces = Pieces(variable, terms[t][k], contrasts);
      const std::size_t count = pieces.size() * std::max<std::size_t>(product.size(), 1);
      if (columns.size() + count > kMaximumColumns) return TooMany(columns.size() + count);
      product = Multiply(product, pieces);
    }
    for (DesignColumn& column : product) {
      column.term = static_cast<int>(t) + 1;
      columns.push_back(std::move(column));
    }
  }
  return columns;
}

}  // namespace clinnova::table
