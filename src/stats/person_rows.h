// SPDX-License-Identifier: Apache-2.0
// The rows of persons who have several under Surv(start, stop, status), named by the option `id`: a person's row that ends
// where her next one begins is no end of her follow-up, and what she adds to an error is one square.
//
//   CLINNOVA_ASSIGN(const auto persons, PersonRowsOf(site, frame, claim, axis.same));   // null without the option
//   persons->Continues(persons->place[c])                                              // the c-th complete case
//
// As in R's survfit and finegray a person is under observation without a gap and has no row after an event. A person's
// rows lie at one site: the same identity at two sites is two persons. Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct PersonRow {
  std::int64_t person = 0;
  double start = 0;
  double stop = 0;
  std::int64_t status = 0;
  double weight = 1;
  std::size_t cell = 0;  ///< StratumOf the design
};

/// What rows of one person must not be; the order is that of PersonRows::flaws.
enum PersonFlaw : std::uint8_t {
  kRowsOverlap,
  kRowsWithGap,
  kRowsAfterEvent,
  kStrataDiffer,
  kWeightsDiffer,
  kPersonFlaws
};
/// In words, for the researcher.
std::string_view WordsOf(PersonFlaw flaw);

struct PersonRows {
  std::vector<PersonRow> rows;  ///< a person's one after the other, in the order of time
  std::vector<std::size_t>
      place;  ///< of each complete case among them; rows.size() for a weight of 0
  std::vector<std::uint8_t> continues;  ///< of each row: the person's next one begins where it ends

  bool Continues(std::size_t at) const { return at < rows.size() && continues[at] != 0; }
  /// The row before is the same person's, up to where this one begins.
  bool Continued(std::size_t at) const {
    return at < rows.size() && at > 0 && continues[at - 1] != 0;
  }
  bool IsLast(std::size_t at) const {
    return at + 1 >= rows.size() || rows[at + 1].person != rows[at].person;
  }
  /// The same combination of groups and strata goes on.
  bool ContinuesInCell(std::size_t at) const {
    return Continues(at) && rows[at + 1].cell == rows[at].cell;
  }
  bool ContinuedInCell(std::size_t at) const {
    return Continued(at) && rows[at - 1].cell == rows[at].cell;
  }
  /// Times that each flaw occurs; `groups` vary fastest among cells, what is left of them are strata.
  std::vector<std::int64_t> Flaws(std::size_t groups, double same) const;
};

/// True where the analysis has the option `id`.
bool NamesPersons(const federation::Analysis& analysis);

/// Null where it has not. Times no further apart than `same`, or than
/// rounding leaves them, are one.
Result<std::shared_ptr<const PersonRows>> PersonRowsOf(const federation::SiteView& site,
                                                       const SiteFrame& frame,
                                                       const FrameClaim& claim, double same);

}  // namespace clinnova::stats
