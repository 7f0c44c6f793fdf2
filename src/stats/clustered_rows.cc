// SPDX-License-Identifier: Apache-2.0
#include "stats/clustered_rows.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <utility>

#include "core/hash.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::SiteView;
using table::Column;
using table::DesignBatch;
using table::kBatchRows;

namespace {

/// The rows as the table has them, with each row's cluster.
struct Gathered {
  ClusteredRows rows;
  std::vector<std::size_t> cluster;
};

std::int64_t KeyOf(const Column& column, std::size_t row) {
  if (!column.codes.empty()) return column.codes[row];
  return std::bit_cast<std::int64_t>(column.numbers[row] + 0.0);  // -0 is 0
}

Gathered Gather(const SiteView& site, const FrameClaim& claim, const SiteFrame& frame,
                std::size_t group, const Column* outer, const Column* time) {
  Gathered gathered;
  ClusteredRows& rows = gathered.rows;
  rows.columns = frame.design.names().size();
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> index;
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first), batch);
    Standardise(claim, batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::size_t source = batch.source_row[r];
      const std::int64_t around = outer == nullptr ? 0 : KeyOf(*outer, source);
      const std::pair key(around, KeyOf(site.table.column(group), source));
      const auto [found, added] = index.try_emplace(key, index.size());
      gathered.cluster.push_back(found->second);
      if (added) {
        rows.key.push_back(key.second);
        rows.outer_key.push_back(key.first);
      }
      for (std::size_t j = 0; j < rows.columns; ++j) {
        rows.x.push_back(batch.x[j * kBatchRows + r]);
      }
      rows.y.push_back(batch.response[0][r]);
      if (batch.response.size() > 1) rows.failures.push_back(batch.response[1][r]);
      rows.offset.push_back(batch.offset[r]);
      rows.weight.push_back(batch.weights[r]);
      rows.time.push_back(time == nullptr ? 0 : time->numbers[source]);
    }
  }
  return gathered;
}

/// Less by cluster, time, and then by every number that a row has: equal rows may stand in any order.
bool Before(const Gathered& gathered, std::size_t a, std::size_t b) {
  if (gathered.cluster[a] != gathered.cluster[b]) return gathered.cluster[a] < gathered.cluster[b];
  const ClusteredRows& rows = gathered.rows;
  if (rows.time[a] != rows.time[b]) return rows.time[a] < rows.time[b];
  if (rows.y[a] != rows.y[b]) return rows.y[a] < rows.y[b];
  if (!rows.failures.empty() && rows.failures[a] != rows.failures[b]) {
    return rows.failures[a] < rows.failures[b];
  }
  if (rows.offset[a] != rows.offset[b]) return rows.offset[a] < rows.offset[b];
  if (rows.weight[a] != rows.weight[b]) return rows.weight[a] < rows.weight[b];
  return std::lexicographical_compare(rows.row(a), rows.row(a) + rows.columns, rows.row(b),
                                      rows.row(b) + rows.columns);
}

std::vector<double> Picked(const std::vector<double>& values,
                           const std::vector<std::size_t>& order) {
  std::vector<double> picked;
  if (values.empty()) return picked;
  picked.reserve(order.size());
  for (const std::size_t r : order) picked.push_back(values[r]);
  return picked;
}

ClusteredRows InOrder(const Gathered& gathered) {
  std::vector<std::size_t> order(gathered.cluster.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return Before(gathered, a, b); });
  const ClusteredRows& from = gathered.rows;
  ClusteredRows rows;
  rows.columns = from.columns;
  rows.key = from.key;  // clusters keep their numbers
  rows.outer_key = from.outer_key;
  rows.x.reserve(from.x.size());
  for (const std::size_t r : order) {
    rows.x.insert(rows.x.end(), from.row(r), from.row(r) + from.columns);
  }
  rows.y = Picked(from.y, order);
  rows.failures = Picked(from.failures, order);
  rows.offset = Picked(from.offset, order);
  rows.weight = Picked(from.weight, order);
  rows.time = Picked(from.time, order);
  for (std::size_t r = 0; r < order.size(); ++r) {
    if (r == 0 || gathered.cluster[order[r]] != gathered.cluster[order[r - 1]]) {
      rows.first.push_back(r);
    }
  }
  rows.first.push_back(order.size());
  return rows;
}

}  // namespace

Result<std::shared_ptr<const ClusteredRows>> ClusteredRowsOf(const SiteView& site,
                                                             const FrameClaim& claim,
                                                             const ClusterColumns& columns) {
  const std::string key = "clusters " + site.analysis.name() + " " + columns.group + " " +
                          columns.time + " " + columns.outer + " " +
                          core::ToHex(core::Blake2b(core::Encode(claim)));
  using Made = Result<std::shared_ptr<const ClusteredRows>>;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  return *site.cache.GetOrMake<Made>(key, [&]() -> Made {
    const auto group = site.table.schema.Find(columns.group);
    if (!group) {
      return Fail(ErrorCode::kInvalidInput, "there is no column " + columns.group, "no_column");
    }
    const Column* outer = nullptr;
    if (!columns.outer.empty()) {
      const auto found = site.table.schema.Find(columns.outer);
      if (!found) {
        return Fail(ErrorCode::kInvalidInput, "there is no column " + columns.outer, "no_column");
      }
      outer = &site.table.column(*found);
    }
    const Column* time = nullptr;
    if (!columns.time.empty()) {
      const auto found = site.table.schema.Find(columns.time);
      if (!found || site.table.schema.columns[*found].kind != table::ColumnKind::kNumeric) {
        return Fail(ErrorCode::kInvalidInput, "there is no numeric column " + columns.time,
                    "no_column");
      }
      time = &site.table.column(*found);
    }
    return std::make_shared<const ClusteredRows>(
        InOrder(Gather(site, claim, *frame, *group, outer, time)));
  });
}

}  // namespace clinnova::stats
