// SPDX-License-Identifier: Apache-2.0
#include "intake/import.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "core/hash.h"
#include "intake/csv_reader.h"
#include "intake/fhir_reader.h"
#include "intake/hprim_reader.h"
#include "intake/ldt_reader.h"
#include "intake/loader.h"
#include "intake/mapping.h"
#include "intake/omop_files.h"
#include "intake/openehr_reader.h"
#include "intake/pseudonym.h"
#include "intake/record_queue.h"
#include "intake/redcap_reader.h"
#include "intake/sphn_reader.h"
#include "intake/store_key.h"
#include "intake/unpacked_files.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

enum class Format { kFhir, kMapped, kDictionary, kOmop, kNone };

/// One file to import.
struct Input {
  fs::path path;
  std::string name;    ///< as the data manager gave it, or the folder's name and what is below
  bool named = false;  ///< given itself, not found in a folder
  Format format = Format::kNone;
  const Mapping* mapping = nullptr;  ///< for kMapped; its format says which reader
};

Result<void> AddFolder(const fs::path& folder, std::vector<Input>& inputs) {
  std::error_code error;
  std::vector<fs::path> found;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const bool hidden = it->path().filename().string().starts_with('.');
    if (hidden && it->is_directory(error)) it.disable_recursion_pending();
    if (!hidden && it->is_regular_file(error)) found.push_back(it->path());
  }
  if (error) return Fail(ErrorCode::kFailed, folder.string() + ": " + error.message());
  std::sort(found.begin(), found.end());
  for (const fs::path& path : found)
    inputs.push_back({path, path.string(), false, Format::kNone, nullptr});
  return {};
}

Result<std::vector<Input>> FindInputs(const ImportOptions& options) {
  std::vector<Input> inputs;
  std::error_code error;
  for (const std::string& path : options.paths) {
    if (fs::is_directory(path, error)) {
      CLINNOVA_TRY(AddFolder(path, inputs));
    } else if (fs::exists(path, error)) {
      inputs.push_back({path, path, true, Format::kNone, nullptr});
    } else {
      return Fail(ErrorCode::kInvalidInput, path + ": no such file or folder");
    }
  }
  if (!options.pseudonyms.empty()) {
    std::erase_if(inputs, [&](const Input& input) {
      return fs::equivalent(input.path, options.pseudonyms, error);
    });
  }
  if (inputs.empty()) return Fail(ErrorCode::kInvalidInput, "found no files to import");
  return inputs;
}

Result<std::vector<Mapping>> LoadMappings(const std::string& path) {
  if (path.empty()) return std::vector<Mapping>{};
  if (fs::is_directory(path)) return LoadDialect(path);
  if (!fs::exists(path)) return LoadEmbeddedDialect(path);
  CLINNOVA_ASSIGN(Mapping mapping, Mapping::Load(path));
  std::vector<Mapping> one;
  one.push_back(std::move(mapping));
  return one;
}

/// The format of a file whose first bytes tell; CSV and its relatives do not.
std::optional<SourceFormat> FormatOf(std::string_view head) {
  if (LooksLikeHprim(head)) return SourceFormat::kHprim;
  if (LooksLikeOpenEhr(head)) return SourceFormat::kOpenEhr;
  if (LooksLikeTurtle(head)) return SourceFormat::kSphn;
  return LdtFormat(head);
}

/// Finds a file's mapping among those of a format.
const Mapping* MappingOf(const Input& input, const std::vector<Mapping>& mappings,
                         SourceFormat format) {
  const Mapping* found = FindMapping(mappings, input.path.filename().string(), format);
  // A mapping that was named alone is meant for the file that was named, whatever its name.
  const bool alone = input.named && mappings.size() == 1 && mappings.front().format == format;
  return found == nullptr && alone ? &mappings.front() : found;
}

/// Says what a file is by its first bytes and, for text, by the mappings' file patterns.
Result<void> Recognise(Input& input, const std::vector<Mapping>& mappings,
                       UnpackedFiles& unpacked) {
  std::ifstream file(input.path, std::ios::binary);
  std::array<char, 512> head{};
  file.read(head.data(), head.size());
  const std::string_view bytes(head.data(), static_cast<std::size_t>(file.gcount()));
  if (file.bad() || (!file.is_open())) {
    return Fail(ErrorCode::kFailed, input.name + ": cannot be read: " + std::strerror(errno));
  }
  if (LooksLikeOmop(input.path, bytes) &&
      FindMapping(mappings, input.path.filename().string()) == nullptr) {
    input.format = Format::kOmop;
    return {};
  }
  if (LooksCompressed(bytes)) {
    CLINNOVA_ASSIGN(input.path, unpacked.Unpack(input.path, input.name));
    return Recognise(input, mappings, unpacked);
  }
  if (FhirReader::LooksLikeJson(bytes) && !LooksLikeOpenEhr(bytes)) {
    input.format = Format::kFhir;
    return {};
  }
  if (RedcapDictionary::LooksLikeOne(bytes)) {
    input.format = Format::kDictionary;
    return {};
  }
  const std::optional<SourceFormat> told = FormatOf(bytes);
  input.mapping = MappingOf(input, mappings, told.value_or(SourceFormat::kRedcap));
  if (input.mapping == nullptr && !told) {
    input.mapping = MappingOf(input, mappings, SourceFormat::kCsv);
  }
  if (input.mapping != nullptr) {
    input.format = Format::kMapped;
    return {};
  }
  if (!input.named) return {};
  if (told) {
    const std::string format(SourceFormatName(*told));
    return Fail(ErrorCode::kInvalidInput, input.name + ": found a file of format " + format +
                                              ", expected --mapping with a mapping of that format");
  }
  return Fail(ErrorCode::kInvalidInput, input.name + ": neither FHIR (JSON) nor a CSV file that " +
                                            (mappings.empty() ? "can be read without a mapping"
                                                              : "one of the mappings fits"));
}

/// Name, hash and size of a file, for the table of sources.
Result<ImportedFile> Describe(const Input& input) {
  std::ifstream file(input.path, std::ios::binary);
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 32);
  std::vector<char> buffer(1 << 16);
  ImportedFile described{input.name, "", 0};
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         file.gcount() > 0) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(buffer.data()),
                              static_cast<unsigned long long>(file.gcount()));
    described.bytes += file.gcount();
  }
  core::Hash hash{};
  crypto_generichash_final(&state, hash.data(), hash.size());
  described.hash = core::ToHex(hash);
  return described;
}

/// The dictionary of an export: the one that knows the export's first column, the record's
/// identity.
Result<void> ReadRedcapExport(const Input& input, const std::vector<RedcapDictionary>& dictionaries,
                              RecordSink& sink) {
  CLINNOVA_ASSIGN(const std::vector<std::string> columns,
                  RedcapColumns(input.path, *input.mapping));
  for (const RedcapDictionary& dictionary : dictionaries) {
    if (columns.empty() || dictionary.Find(columns.front()) == nullptr) continue;
    return ReadRedcap(input.path, input.name, *input.mapping, dictionary, sink);
  }
  return Fail(ErrorCode::kInvalidInput,
              input.name +
                  ": found no data dictionary for it, expected the project's "
                  "(\"Variable / Field Name\", …) in the same import");
}

Result<void> ReadMapped(const Input& input, const std::vector<RedcapDictionary>& dictionaries,
                        RecordSink& sink) {
  switch (input.mapping->format) {
    case SourceFormat::kLdt2:
    case SourceFormat::kLdt3: return ReadLdt(input.path, input.name, *input.mapping, sink);
    case SourceFormat::kHprim: return ReadHprim(input.path, input.name, *input.mapping, sink);
    case SourceFormat::kOpenEhr: return ReadOpenEhr(input.path, input.name, *input.mapping, sink);
    case SourceFormat::kSphn: return ReadSphn(input.path, input.name, *input.mapping, sink);
    case SourceFormat::kRedcap: return ReadRedcapExport(input, dictionaries, sink);
    case SourceFormat::kCsv: break;
  }
  return ReadCsv(input.path, *input.mapping, sink);
}

/// The tables of a CDM, those first that others refer to.
Result<void> ReadOmop(const std::vector<Input>& inputs, store::Store& store,
                      const PseudonymKey& key, Loader& loader) {
  std::map<int, const Input*> tables;
  for (const Input& input : inputs) {
    if (input.format != Format::kOmop) continue;
    const auto [other, is_new] = tables.emplace(OmopTable(input.path)->order, &input);
    if (is_new) continue;
    return Fail(ErrorCode::kInvalidInput, input.name + ": found the same table of the CDM as in " +
                                              other->second->name + ", expected it once");
  }
  OmopFiles files(store.database(), key, loader);
  for (const auto& [order, input] : tables) {
    CLINNOVA_TRY(files.Load(input->path, input->name, OmopTable(input->path)->name));
  }
  return {};
}

/// Reads everything but the tables of a CDM, and says what was read.
Result<std::vector<ImportedFile>> ReadInputs(const std::vector<Input>& inputs, RecordSink& sink) {
  FhirReader fhir(sink);
  std::vector<RedcapDictionary> dictionaries;
  for (const Input& input : inputs) {
    if (input.format == Format::kFhir) CLINNOVA_TRY(fhir.CollectReferred(input.path));
    if (input.format != Format::kDictionary) continue;
    CLINNOVA_ASSIGN(RedcapDictionary dictionary, RedcapDictionary::Load(input.path));
    dictionaries.push_back(std::move(dictionary));
  }
  std::vector<ImportedFile> files;
  for (const Input& input : inputs) {
    if (input.format == Format::kNone) {
      sink.Ignore({input.name, 0, ""}, "a file of no known format");
      continue;
    }
    CLINNOVA_ASSIGN(ImportedFile described, Describe(input));
    files.push_back(std::move(described));
    if (input.format == Format::kFhir) {
      CLINNOVA_TRY(fhir.Read(input.path, input.name));
    } else if (input.format == Format::kMapped) {
      CLINNOVA_TRY(ReadMapped(input, dictionaries, sink));
    }
  }
  return files;
}

/// Reads on this thread and loads on another.
Result<void> ReadAndLoad(const std::vector<Input>& inputs, Loader& loader) {
  RecordQueue queue(loader);
  CLINNOVA_ASSIGN(std::vector<ImportedFile> files, ReadInputs(inputs, queue));
  CLINNOVA_TRY(queue.Finish());
  for (ImportedFile& file : files) loader.AddFile(std::move(file));
  return {};
}

/// A store that holds pseudonyms needs the key that made them, not a new one.
Result<PseudonymKey> KeyFor(store::Store& store, const std::string& key_file) {
  CLINNOVA_ASSIGN(const std::string fingerprint, StoreFingerprint(store.database()));
  if (fingerprint.empty()) return PseudonymKey::LoadOrCreate(key_file);
  return LoadStoreKey(store.database(), key_file);
}

Result<ImportReport> ImportWithKey(store::Store& store, const std::vector<Input>& inputs,
                                   const ImportOptions& options,
                                   const std::optional<PseudonymList>& list) {
  CLINNOVA_ASSIGN(const PseudonymKey key, KeyFor(store, options.key_file));
  CLINNOVA_ASSIGN(const core::SqlFunction taken,
                  store.database().AddFunction(
                      "taken_id", [&key](std::int64_t id) { return key.TakenId(id); }));
  CLINNOVA_ASSIGN(const std::unique_ptr<Loader> loader,
                  Loader::Begin(store, key,
                                {.today = options.today,
                                 .pseudonyms = list ? &*list : nullptr,
                                 .runs_with_room = options.runs_with_room}));
  CLINNOVA_TRY(ReadAndLoad(inputs, *loader));
  CLINNOVA_TRY(ReadOmop(inputs, store, key, *loader));
  return loader->Finish();
}

}  // namespace

Result<ImportReport> Import(store::Store& store, const ImportOptions& options) {
  if (options.key_file.empty()) {
    return Fail(ErrorCode::kInvalidInput, "key file: found none, expected a file's name");
  }
  std::optional<PseudonymList> list;
  if (!options.pseudonyms.empty()) {
    CLINNOVA_ASSIGN(list, PseudonymList::Load(options.pseudonyms));
  }
  CLINNOVA_ASSIGN(std::vector<Input> inputs, FindInputs(options));
  CLINNOVA_ASSIGN(const std::vector<Mapping> mappings, LoadMappings(options.mapping));
  UnpackedFiles unpacked(fs::path(options.key_file).parent_path());
  for (Input& input : inputs) {
    CLINNOVA_TRY(Recognise(input, mappings, unpacked));
    if (!list || input.format != Format::kOmop) continue;
    return Fail(ErrorCode::kInvalidInput,
                input.name +
                    ": a table of a CDM has patients under numbers of its own, which a list of "
                    "pseudonyms cannot name: expected exports of the systems that it was made of");
  }
  std::error_code error;
  const bool new_key = !fs::exists(options.key_file, error);
  Result<ImportReport> report = ImportWithKey(store, inputs, options, list);
  // A failed import leaves nothing behind, not even the key that it made.
  if (!report && new_key) fs::remove(options.key_file, error);
  return report;
}

}  // namespace clinnova::intake
