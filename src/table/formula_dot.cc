// SPDX-License-Identifier: Apache-2.0
#include "table/formula_dot.h"

#include <algorithm>

#include "table/expression_parser.h"

namespace clinnova::table {
namespace {

using Kind = Expression::Kind;

bool CombinesTerms(const Expression& call) {
  for (const char* symbol : {"+", "-", "*", "/", ":", "^", "%in%", "("}) {
    if (call.name == symbol) return true;
  }
  return false;
}

/// Where a `.` stands among the terms of the right side, from the last to the first; counted from 1.
std::vector<std::size_t> DotsAmongTerms(const Expression& right) {
  std::vector<std::size_t> dots;
  std::vector<const Expression*> open{&right};
  while (!open.empty()) {
    const Expression* next = open.back();
    open.pop_back();
    if (next->kind == Kind::kName && next->name == ".") dots.push_back(next->position);
    if (next->kind != Kind::kCall || !CombinesTerms(*next)) continue;
    for (const Expression& argument : next->arguments) open.push_back(&argument);
  }
  std::sort(dots.rbegin(), dots.rend());
  return dots;
}

}  // namespace

Result<std::string> WithoutDot(std::string_view formula, const std::vector<std::string>& columns) {
  std::string text(formula);
  const auto sides = ParseSides(formula);
  if (!sides) return text;
  const std::vector<std::size_t> dots = DotsAmongTerms(sides->right);
  if (dots.empty()) return text;
  const std::vector<std::string> left =
      sides->left ? sides->left->Columns() : std::vector<std::string>();
  std::string all;
  for (const std::string& column : columns) {
    if (column == "site" || std::find(left.begin(), left.end(), column) != left.end()) continue;
    all += (all.empty() ? "" : " + ") + Expression{.kind = Kind::kName, .name = column}.Text();
  }
  if (all.empty()) {
    return FormulaError(formula, dots.back(), ".", "columns besides those on the left of ~");
  }
  for (const std::size_t dot : dots) text.replace(dot - 1, 1, "(" + all + ")");
  return text;
}

}  // namespace clinnova::table
