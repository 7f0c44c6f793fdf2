// SPDX-License-Identifier: Apache-2.0
// Expressions as R's deparse writes them: the names of terms and columns.
#include <algorithm>
#include <cctype>

#include "table/formula.h"
#include "table/number_text.h"

namespace clinnova::table {
namespace {

/// A name that R reads without backticks.
bool IsSyntactic(const std::string& name) {
  const auto first = static_cast<unsigned char>(name.front());
  if (std::isalpha(first) == 0 && first != '.' && first < 0x80) return false;
  if (first == '.' && name.size() > 1 && std::isdigit(static_cast<unsigned char>(name[1])) != 0) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '.' || c == '_' || byte >= 0x80;
  });
}

std::string QuotedText(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

bool IsOperator(const std::string& name) {
  for (const char* symbol : {"+", "-", "*", "/", ":", "^", "==", "!=", "<", "<=", ">", ">=", "|",
                             "||", "&", "&&", "!", "%in%", "="}) {
    if (name == symbol) return true;
  }
  return false;
}

std::string CallText(const Expression& call) {
  const auto& arguments = call.arguments;
  if (call.name == "(") return "(" + arguments[0].Text() + ")";
  if (IsOperator(call.name) && arguments.size() == 1) return call.name + arguments[0].Text();
  if (IsOperator(call.name) && arguments.size() == 2) {
    const bool tight = call.name == "/" || call.name == ":" || call.name == "^";
    const std::string space = tight ? "" : " ";
    return arguments[0].Text() + space + call.name + space + arguments[1].Text();
  }
  std::string text = call.name + "(";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    text += (i == 0 ? "" : ", ") + arguments[i].Text();
  }
  return text + ")";
}

enum class Which { kAll, kNeeded, kNeededByTerms };

/// What combines terms, where (x | g) is a random effect; a | within anything else is the logical or.
bool CombinesTerms(const Expression& call) {
  for (const char* symbol : {"+", "-", "*", "/", ":", "^", "%in%", "(", "|", "||"}) {
    if (call.name == symbol) return true;
  }
  return false;
}

void AppendColumns(const Expression& expression, Which which, std::vector<std::string>& columns) {
  struct Open {
    const Expression* node;
    bool among_terms;
  };
  // The left spine of a long sum is walked without recursion.
  std::vector<Open> open{{&expression, which == Which::kNeededByTerms}};
  while (!open.empty()) {
    const auto [next, among_terms] = open.back();
    open.pop_back();
    if (next->kind == Expression::Kind::kName &&
        std::find(columns.begin(), columns.end(), next->name) == columns.end()) {
      columns.push_back(next->name);
    }
    const bool call = next->kind == Expression::Kind::kCall;
    const bool and_or = call && (next->name == "&" || (next->name == "|" && !among_terms));
    if (and_or && which != Which::kAll) continue;
    // An argument's name is no column, nor is the T of poly(x, 2, raw = T).
    const bool argument = call && next->name == "=";
    if (argument && next->arguments[0].name == "raw") continue;
    const bool below = among_terms && call && CombinesTerms(*next);
    const std::size_t first = argument ? 1 : 0;
    for (std::size_t i = next->arguments.size(); i > first; --i) {
      open.push_back({&next->arguments[i - 1], below});
    }
  }
}

}  // namespace

std::string Term::Text() const {
  std::string text;
  for (const TermFactor& factor : factors) text += (text.empty() ? "" : ":") + factor.text;
  return text;
}

std::string Expression::Text() const {
  switch (kind) {
    case Kind::kNumber: return name.empty() ? NumberText(number) : name;
    case Kind::kText: return QuotedText(name);
    case Kind::kName: return IsSyntactic(name) ? name : "`" + name + "`";
    case Kind::kCall: break;
  }
  return CallText(*this);
}

std::vector<std::string> Expression::Columns() const {
  std::vector<std::string> columns;
  AppendColumns(*this, Which::kAll, columns);
  return columns;
}

std::vector<std::string> Expression::NeededColumns() const {
  std::vector<std::string> columns;
  AppendColumns(*this, Which::kNeeded, columns);
  return columns;
}

std::vector<std::string> Expression::ColumnsNeededByTerms() const {
  std::vector<std::string> columns;
  AppendColumns(*this, Which::kNeededByTerms, columns);
  return columns;
}

}  // namespace clinnova::table
