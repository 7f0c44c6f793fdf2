// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_keys.h"

#include "core/mix.h"
#include "learn/choice_inputs.h"
#include "learn/training_rows.h"

namespace clinnova::learn {

Result<ChoiceKeys> ChoiceKeys::Create(const federation::SiteView& site) {
  ChoiceKeys keys;
  CLINNOVA_ASSIGN(const std::int64_t seed, site.analysis.Integer("seed", 1));
  keys.seed_ = core::MixNext(static_cast<std::uint64_t>(seed));
  CLINNOVA_ASSIGN(const std::string id, site.analysis.Text("id", ""));
  keys.by_id_ = !id.empty();
  if (keys.by_id_) {
    const auto column = site.table.schema.Find(id);
    if (!column) return site.analysis.Wrong("id", "no site has a column " + id);
    keys.columns_ = {*column};
  } else {
    CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs,
                    InputsOf(site.analysis, site.table.schema));
    for (const ChoiceInput& input : inputs) keys.columns_.push_back(input.column);
  }
  return keys;
}

std::uint64_t ChoiceKeys::Of(const table::Table& table, std::size_t row, double outcome) const {
  std::uint64_t key = seed_;
  for (const std::size_t c : columns_) {
    const table::Column& column = table.column(c);
    if (column.codes.empty()) {
      key = MixNumber(key, column.numbers[row]);
    } else {
      const std::int32_t code = column.codes[row];
      key = MixText(key, code < 0 ? std::string()
                                  : table.schema.columns[c].levels[static_cast<std::size_t>(code)]);
    }
  }
  return by_id_ ? key : MixNumber(key, outcome);
}

}  // namespace clinnova::learn
