// SPDX-License-Identifier: Apache-2.0
// FHIRPath as text and as a tree (HL7 FHIRPath N1, http://hl7.org/fhirpath/N1, appendix B: the grammar).
//
//   auto tree = ParseFhirPath("Patient.name.where(use = 'official').given", memory);
//   (*tree)->kind;                                    // Expression::Kind::kMember: "given"
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "intake/fhirpath_item.h"

namespace clinnova::intake::fhirpath {

struct FunctionEntry;

/// A member's name, and that of the member beside a primitive, "_birthDate".
struct MemberName {
  MemberName() = default;
  /// "_birthDate", for both; not owned, outlives this.
  explicit MemberName(std::string_view underscored)
      : name(underscored.substr(1)), extra(underscored) {}
  std::string_view text() const { return name.text(); }

  JsonName name;
  JsonName extra;
};

/// A type as an expression names it.
struct TypeName {
  std::string name_space;  ///< "System", "FHIR", or "" for either
  std::string name;
  const FhirType* type = nullptr;  ///< null where it is one of System only
};

/// A node of the tree. What `arguments` are depends on the kind.
struct Expression {
  /// Literals come first, up to kQuantity: the item of each is in `literal`.
  enum class Kind {
    kEmpty,  ///< {}, which has none
    kBoolean,
    kString,
    kInteger,
    kDecimal,
    kTemporal,
    kQuantity,
    kVariable,  ///< %`text`
    kThis,      ///< $this
    kIndex,     ///< $index
    kTotal,     ///< $total
    kMember,    ///< `member` of arguments[0], or of the context when there is none
    kFunction,  ///< `text` of arguments[0] with the others; of the context when `on_context`
    kIndexer,   ///< arguments[0] [ arguments[1] ]
    kPolarity,  ///< `text` is "+" or "-"
    kBinary,    ///< `text` is the operator
    kType,      ///< arguments[0] is or as (`text`) the type `type`
  };

  enum class Operator {
    kAnd,
    kOr,
    kXor,
    kImplies,
    kEqual,
    kUnequal,
    kEquivalent,
    kInequivalent,
    kLess,
    kGreater,
    kAtMost,
    kAtLeast,
    kIn,
    kContains,
    kConcatenate,
    kUnion,
    kArithmetic,  ///< + - * / div mod: `text` says which
  };

  Kind kind = Kind::kEmpty;
  Operator binary = Operator::kArithmetic;  ///< of kBinary
  std::size_t offset = 0;                   ///< in the text
  std::string text;
  std::string type;
  std::optional<TypeName> named;       ///< the type that `type`, or this path as an argument, names
  MemberName member;                   ///< of a member
  const FhirType* own_type = nullptr;  ///< of a member of the context: the type that has its name
  Collection literal;                  ///< of a literal: its item
  const FunctionEntry* function =
      nullptr;  ///< of a function; null where there is none of that name
  bool on_context = false;
  std::vector<std::unique_ptr<Expression>> arguments;
};

/// kInvalidInput with one line that says where (a character's number, from 1), what was found and what was
/// expected. Unknown functions and wrong numbers of arguments are left to CheckFhirPath. Names and literals are put
/// into `memory`.
Result<std::unique_ptr<Expression>> ParseFhirPath(std::string_view text, Arena& memory);

/// A name as an identifier of the text: "Patient.contact" for contact of Patient; empty when `expression` is no
/// plain path of members. For type specifiers in arguments.
std::string PlainPath(const Expression& expression);

}  // namespace clinnova::intake::fhirpath
