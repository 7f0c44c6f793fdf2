// SPDX-License-Identifier: Apache-2.0
#include "stats/person_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>

#include "core/archive.h"
#include "core/hash.h"
#include "stats/risk_time.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::SiteView;
using table::DesignBatch;

namespace {

/// How far apart from `time` is the same: on a grid of steps the hub tells no tolerance.
double SameAs(double time, double same) { return std::max(same, 0x1p-26 * std::fabs(time)); }

PersonRow RowOf(const SiteFrame& frame, const DesignBatch& batch, std::size_t r) {
  const std::size_t parts = batch.response.size();
  PersonRow row;
  row.person = batch.cluster.back()[r];
  row.start = parts == 3 ? batch.response[0][r] : -std::numeric_limits<double>::infinity();
  row.stop = batch.response[parts - 2][r];
  row.status = static_cast<std::int64_t>(batch.response.back()[r]);
  row.weight = batch.weights[r];
  row.cell = StratumOf(frame.design, batch, r);
  return row;
}

PersonRows MakeRows(const SiteView& site, const SiteFrame& frame, double same) {
  std::vector<PersonRow> rows;
  std::vector<std::size_t> cases;  // of each row
  std::size_t all = 0;
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                          batch);
    for (std::size_t r = 0; r < batch.rows; ++r, ++all) {
      if (batch.weights[r] == 0) continue;
      rows.push_back(RowOf(frame, batch, r));
      cases.push_back(all);
    }
  }
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    const PersonRow& row = rows[i];
    return std::tie(row.person, row.start, row.stop, row.status, row.weight, row.cell);
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  PersonRows persons;
  persons.place.assign(all, rows.size());
  for (const std::size_t i : order) {
    persons.place[cases[i]] = persons.rows.size();
    persons.rows.push_back(rows[i]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double stop = persons.rows[i].stop;
    const bool meets =
        !persons.IsLast(i) && std::fabs(persons.rows[i + 1].start - stop) <= SameAs(stop, same);
    persons.continues.push_back(meets && persons.rows[i].status == 0 ? 1 : 0);
  }
  return persons;
}

}  // namespace

std::string_view WordsOf(PersonFlaw flaw) {
  switch (flaw) {
    case kRowsOverlap:
      return "rows of a person overlap in time, expected Surv(start, stop, status) with one row at "
             "a time";
    case kRowsWithGap:
      return "a person's rows leave a gap in time, expected each to begin where the one before "
             "ends";
    case kRowsAfterEvent:
      return "a person has a row after an event, expected the event in the last one";
    case kStrataDiffer: return "a person's rows are in different strata, expected one";
    default: return "a person's rows have different weights, expected one";
  }
}

std::vector<std::int64_t> PersonRows::Flaws(std::size_t groups, double same) const {
  std::vector<std::int64_t> flaws(kPersonFlaws);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (IsLast(i)) continue;
    const PersonRow& next = rows[i + 1];
    const double tolerance = SameAs(rows[i].stop, same);
    flaws[kRowsOverlap] += next.start < rows[i].stop - tolerance ? 1 : 0;
    flaws[kRowsWithGap] += next.start > rows[i].stop + tolerance ? 1 : 0;
    flaws[kRowsAfterEvent] += rows[i].status != 0 ? 1 : 0;
    flaws[kStrataDiffer] += next.cell / groups != rows[i].cell / groups ? 1 : 0;
    flaws[kWeightsDiffer] += next.weight != rows[i].weight ? 1 : 0;
  }
  return flaws;
}

bool NamesPersons(const federation::Analysis& analysis) {
  return !analysis.Text("id", "").value_or("").empty();
}

Result<std::shared_ptr<const PersonRows>> PersonRowsOf(const SiteView& site, const SiteFrame& frame,
                                                       const FrameClaim& claim, double same) {
  if (!NamesPersons(site.analysis)) return nullptr;
  const std::string version = site.analysis.name() + " " +
                              core::ToHex(core::Blake2b(core::Encode(claim))) + " " +
                              std::to_string(std::bit_cast<std::uint64_t>(same));
  return site.cache.GetOrReplace<PersonRows>("persons' rows", version,
                                             [&] { return MakeRows(site, frame, same); });
}

}  // namespace clinnova::stats
