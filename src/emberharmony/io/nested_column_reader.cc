#include <arrow/array/data.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "emberharmony/io/nested_column_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::ArrayData;
using arrow::Result;
using arrow::Status;
using Kind = NestedNode::Kind;

struct TypedLeaf {
  const NestedNode* node;
  std::shared_ptr<arrow::DataType> type;
};

/// The leaves below a node with their types. Fails where the node is not of the type's shape.
Status FindLeaves(const NestedNode& node, const std::shared_ptr<arrow::DataType>& type,
                  std::vector<TypedLeaf>* leaves) {
  const bool is_list = type->id() == arrow::Type::LIST || type->id() == arrow::Type::MAP;
  const bool is_struct = type->id() == arrow::Type::STRUCT;
  const Kind kind = is_list ? Kind::kList : is_struct ? Kind::kStruct : Kind::kLeaf;
  if (node.kind != kind || static_cast<int>(node.children.size()) != type->num_fields()) {
    return Status::Invalid("its levels of nesting are not those of ", type->ToString());
  }
  if (kind == Kind::kLeaf) leaves->push_back({&node, type});
  for (int i = 0; i < type->num_fields(); ++i) {
    ARROW_RETURN_NOT_OK(
        FindLeaves(node.children[static_cast<size_t>(i)], type->field(i)->type(), leaves));
  }
  return Status::OK();
}

Status Contradiction() {
  return Status::Invalid("its repetition and definition levels contradict each other");
}

/// Bytes of a row, by the footer.
double RowBytes(const ParquetFooter& footer, const std::vector<TypedLeaf>& leaves,
                const std::vector<RowGroupChunk>& chunks) {
  double bytes = 0;
  double rows = 1;
  for (const RowGroupChunk& chunk : chunks) {
    rows += static_cast<double>(chunk.num_rows);
    for (const TypedLeaf& leaf : leaves) {
      const auto& place = footer.chunk(chunk.row_group, leaf.node->first_leaf);
      bytes += static_cast<double>(std::max<int64_t>(place.uncompressed_bytes, 0));
    }
  }
  return std::max(bytes / rows, 1.0);
}

int64_t BytesOf(const ArrayData& data) {
  int64_t bytes = 0;
  for (const auto& buffer : data.buffers) bytes += buffer != nullptr ? buffer->size() : 0;
  return bytes;
}

}  // namespace

NestedColumnReader::NestedColumnReader(std::shared_ptr<const ParquetFile> file,
                                       const arrow::Field& field, const NestedNode* node,
                                       const std::vector<RowGroupChunk>& chunks,
                                       arrow::MemoryPool* pool, int64_t read_bytes)
    : file_(std::move(file)), type_(field.type()), node_(node), pool_(pool) {
  std::vector<TypedLeaf> leaves;
  layout_status_ = FindLeaves(*node_, type_, &leaves);
  // A guess: the first piece shows how long rows are.
  const double fitting = kPieceBytes / RowBytes(*file_->footer, leaves, chunks);
  piece_rows_ = static_cast<int64_t>(std::clamp(fitting, 1.0, double{kFirstPieceRows}));
  for (const TypedLeaf& leaf : leaves) {
    const std::string path =
        file_->footer->schema->Column(leaf.node->first_leaf)->path()->ToDotString();
    leaves_.push_back(std::make_unique<LeafRowReader>(file_, path, leaf.type, leaf.node->first_leaf,
                                                      leaf.node->cell_definition, chunks, pool_,
                                                      read_bytes));
    leaf_rows_.emplace_back(pool_);
  }
}

Status NestedColumnReader::Skip(int64_t n) {
  if (n <= 0 || leaves_.empty()) return Status::OK();
  ARROW_RETURN_NOT_OK(leaves_[0]->WithContext(layout_status_));
  for (size_t i = 0; i < leaves_.size(); ++i) {
    LeafRows& rows = leaf_rows_[i];
    ARROW_RETURN_NOT_OK(leaves_[i]->WithContext(
        CatchParquet([&] { return leaves_[i]->Skip(n, piece_rows_, &rows); })));
    rows.cells.reset();
  }
  return Status::OK();
}

Status NestedColumnReader::Read(int64_t n, Column* out) {
  while (n > 0) {
    const int64_t count = std::min(n, piece_rows_);
    ARROW_RETURN_NOT_OK(ReadPiece(count, out));
    n -= count;
  }
  return Status::OK();
}

Status NestedColumnReader::ReadPiece(int64_t n, Column* out) {
  const auto with_context = [&](size_t leaf, const Status& status) {
    return leaves_.empty() ? status : leaves_[leaf]->WithContext(status);
  };
  ARROW_RETURN_NOT_OK(with_context(0, layout_status_));
  int64_t bytes = 0;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    ARROW_RETURN_NOT_OK(
        with_context(i, CatchParquet([&] { return leaves_[i]->Read(n, &leaf_rows_[i]); })));
    bytes += BytesOf(*leaf_rows_[i].cells->data()) + 4 * leaf_rows_[i].repetition.size();
  }
  Piece piece;
  ARROW_RETURN_NOT_OK(with_context(0, CatchParquet([&]() -> Status {
                                     ARROW_ASSIGN_OR_RAISE(piece.values, Assemble(*node_, *type_));
                                     return piece.values->length() == n ? Status::OK()
                                                                        : Contradiction();
                                   })));
  piece.num_rows = n;
  out->pieces.push_back(std::move(piece));
  for (LeafRows& rows : leaf_rows_) rows.cells.reset();
  const int64_t fitting = kPieceBytes * n / std::max<int64_t>(bytes, 1);
  piece_rows_ = std::clamp<int64_t>(fitting, 1, std::min(8 * piece_rows_, kPieceRowsMax));
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> NestedColumnReader::Assemble(const NestedNode& node,
                                                                   const arrow::DataType& type) {
  switch (node.kind) {
    case Kind::kStruct:
      return AssembleStruct(node, type);
    case Kind::kList:
      return AssembleList(node, type);
    default:
      return rows_of(node).cells;
  }
}

Result<std::shared_ptr<arrow::Array>> NestedColumnReader::AssembleStruct(
    const NestedNode& node, const arrow::DataType& type) {
  const LeafRows& rows = rows_of(node);
  const int16_t* definitions = rows.definition.data();
  const int16_t* repetitions = rows.repetition.data();
  const int64_t num_levels = rows.definition.size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid_bits,
                        arrow::AllocateBuffer((num_levels + 7) / 8, pool_));
  std::memset(valid_bits->mutable_data(), 0, static_cast<size_t>(valid_bits->size()));
  int64_t length = 0;
  int64_t num_valid = 0;
  for (int64_t i = 0; i < num_levels; ++i) {
    if (definitions[i] < node.cell_definition || repetitions[i] > node.repetition) continue;
    if (definitions[i] >= node.definition) {
      arrow::bit_util::SetBit(valid_bits->mutable_data(), length);
      ++num_valid;
    }
    ++length;
  }
  std::vector<std::shared_ptr<ArrayData>> children;
  for (int i = 0; i < type.num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto child,
                          Assemble(node.children[static_cast<size_t>(i)], *type.field(i)->type()));
    if (child->length() != length) return Contradiction();
    children.push_back(child->data());
  }
  if (num_valid == length) valid_bits.reset();
  return arrow::MakeArray(ArrayData::Make(type.GetSharedPtr(), length, {std::move(valid_bits)},
                                          std::move(children), length - num_valid));
}

Result<std::shared_ptr<arrow::Array>> NestedColumnReader::AssembleList(
    const NestedNode& node, const arrow::DataType& type) {
  const LeafRows& rows = rows_of(node);
  const int16_t* definitions = rows.definition.data();
  const int16_t* repetitions = rows.repetition.data();
  const int64_t num_levels = rows.definition.size();
  if (num_levels >= std::numeric_limits<int32_t>::max()) {
    return Status::Invalid("its lists have 2^31 elements or more in ", piece_rows_, " rows");
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid_bits,
                        arrow::AllocateBuffer((num_levels + 7) / 8, pool_));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> offset_buffer,
                        arrow::AllocateResizableBuffer((num_levels + 1) * 4, pool_));
  std::memset(valid_bits->mutable_data(), 0, static_cast<size_t>(valid_bits->size()));
  auto* offsets = reinterpret_cast<int32_t*>(offset_buffer->mutable_data());
  offsets[0] = 0;
  int64_t length = 0;
  int64_t num_valid = 0;
  bool open = false;  // whether the last list has an element, so that more can follow
  for (int64_t i = 0; i < num_levels; ++i) {
    const int16_t definition = definitions[i];
    const int16_t repetition = repetitions[i];
    if (repetition > node.repetition) continue;  // goes on inside of an element
    if (repetition == node.repetition) {
      if (!open || definition < node.definition) return Contradiction();
      ++offsets[length];
      continue;
    }
    open = definition >= node.definition;
    if (definition < node.cell_definition) continue;  // a list around it is empty
    offsets[length + 1] = offsets[length] + (open ? 1 : 0);
    if (definition >= node.definition - 1) {
      arrow::bit_util::SetBit(valid_bits->mutable_data(), length);
      ++num_valid;
    }
    ++length;
  }
  ARROW_ASSIGN_OR_RAISE(auto child, Assemble(node.children[0], *type.field(0)->type()));
  if (child->length() != offsets[length]) return Contradiction();
  // A map without a key would be no map.
  if (type.id() == arrow::Type::MAP) {
    const ArrayData& entries = *child->data();
    if (entries.GetNullCount() > 0 || entries.child_data.at(0)->GetNullCount() > 0) {
      return Status::Invalid("a map has an entry whose key is null");
    }
  }
  ARROW_RETURN_NOT_OK(offset_buffer->Resize((length + 1) * 4, /*shrink_to_fit=*/false));
  if (num_valid == length) valid_bits.reset();
  return arrow::MakeArray(ArrayData::Make(type.GetSharedPtr(), length,
                                          {std::move(valid_bits), std::move(offset_buffer)},
                                          {child->data()}, length - num_valid));
}

}  // namespace emberharmony::io::internal
