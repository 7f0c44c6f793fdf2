// SPDX-License-Identifier: Apache-2.0
// What the makers of checks share: a new check of a kind, and the pieces of SQL from which checks over a table's rows
// are put together. Private to this room.
//
// A table's rows are called t. Joined to them, each keeping their number: b, the person (k, gender, birth: the earliest
// day that it can be); d, the death (k, day); o, the first and last day of the observation periods (k, first, last);
// v, the visit (k, person, first, last).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "quality/catalogue.h"
#include "quality/cdm.h"
#include "quality/check.h"

namespace clinnova::quality {

/// A relation of which each row of t has at most one row.
struct Join {
  std::string sql;              ///< "LEFT JOIN (…) d ON d.k = t.person_id"
  std::string_view on;          ///< the field of t
  std::string_view table = {};  ///< that it reads; empty: whose makers look themselves
  std::vector<std::string_view> fields = {};  ///< of that table
};

class CheckMaker {
 public:
  /// All three outlive this.
  CheckMaker(const Cdm& cdm, const Shape& shape, Plan& plan)
      : catalogue_(GetCatalogue()), cdm_(cdm), shape_(shape), plan_(plan) {}

  struct What {
    std::string_view kind, table, field = {}, argument = {};
    double threshold = 0;
    std::string_view name = {};
    std::string_view suffix = {};  ///< of the identifier, after the kind
    std::string_view source = {};  ///< in place of the kind's
  };
  /// Appends a check; it is not applicable where its table or field is not there.
  Check& Add(const What& what);

  /// A check over a table's rows: counted are those `of` which it asks ("": all), and of them the `bad` ones. It is not
  /// applicable where a join lacks what it reads: the statement is one for all checks of the table.
  void OverRows(Check& check, const std::string& of, const std::string& bad,
                std::initializer_list<Join> joins = {});
  /// The same over any relation `from`, which has a name of its own.
  static void Over(Check& check, const std::string& from, const std::string& of,
                   const std::string& bad);

  /// Counts rows whose `value` another row of the table has already; `where` may be empty.
  static void CountCopies(Check& check, const std::string& value, const std::string& where);

  /// Sets not_applicable where a table or one of its fields is not there; whether all are.
  bool Needs(Check& check, std::string_view table,
             const std::vector<std::string_view>& fields = {}) const;
  /// Whether a check of this kind has all that the join reads.
  bool Has(const Check& check, const Join& join) const;

  /// A date or datetime of t as the first and the last day that it can be: an instant with a time zone is the server's
  /// UTC, and was written down on a day between that of UTC-12 and that of UTC+14. The same day for all others.
  std::string FirstDay(std::string_view table, std::string_view field) const;
  std::string LastDay(std::string_view table, std::string_view field) const;
  /// Whether a field is an instant with a time zone.
  bool IsZoned(std::string_view table, std::string_view field) const;

  const Catalogue& catalogue() const { return catalogue_; }
  const Cdm& cdm() const { return cdm_; }
  const Shape& shape() const { return shape_; }
  Plan& plan() { return plan_; }

 private:
  /// Why a check of this kind cannot be asked of the fields; empty: it can.
  std::string WhyNot(std::string_view kind, std::string_view table,
                     const std::vector<std::string_view>& fields) const;

  const Catalogue& catalogue_;
  const Cdm& cdm_;
  const Shape& shape_;
  Plan& plan_;
};

/// Whether the engine's type can hold what the CDM's word asks for; a word that is not the CDM's asks for nothing.
bool Fits(std::string_view word, std::string_view type);

/// The joins by their names.
Join PersonJoin();
Join DeathJoin();
Join PeriodJoin();
Join VisitJoin();
/// Of the concepts and of what the CDM's vocabulary has below them, the one that is the row's `field`: "NAME.k" of the
/// first concept's name (BelowName).
Join BelowJoin(const CheckMaker& maker, const std::vector<std::int64_t>& ids,
               std::string_view field);
std::string BelowName(const std::vector<std::int64_t>& ids);

/// "rows of t where" in one aggregate.
std::string CountWhere(const std::string& condition);
/// `date` with day and month exchanged; NULL where that is no other date.
std::string Swapped(const std::string& date);
/// "1, 2, 3".
std::string IdList(const std::vector<std::int64_t>& ids);
/// A SELECT of the concepts and of what the CDM's vocabulary has below them, as k.
std::string AndBelow(const CheckMaker& maker, const std::vector<std::int64_t>& ids);
/// The makers, each in a file of its own.
void AddModelChecks(CheckMaker& maker);
void AddFieldChecks(CheckMaker& maker);
void AddConceptChecks(CheckMaker& maker);
void AddRuleChecks(CheckMaker& maker);
void AddHistoryChecks(CheckMaker& maker);

}  // namespace clinnova::quality
