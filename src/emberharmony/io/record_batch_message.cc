#include "emberharmony/io/record_batch_message.h"

#include <arrow/ipc/dictionary.h>
#include <arrow/type.h>

#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_layout_internal.h"
#include "emberharmony/io/arrow_message_internal.h"

namespace emberharmony::io {
namespace {

using internal::ArrowColumn;
using internal::ArrowMessage;

bool HasDictionary(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) return true;
  for (const auto& field : type.fields()) {
    if (HasDictionary(*field->type())) return true;
  }
  return false;
}

}  // namespace

struct RecordBatchChecker::Layout {
  std::vector<ArrowColumn> columns;
  int64_t num_nodes = 0;
  int64_t num_buffers = 0;
  int64_t num_views = 0;
};

arrow::Result<std::shared_ptr<const RecordBatchChecker>> RecordBatchChecker::Make(
    const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (HasDictionary(*field->type())) {
      return base::UsageError("column '" + field->name() + "' is of type " +
                              field->type()->ToString() +
                              ", and dictionaries are not supported here");
    }
  }
  auto layout = std::make_shared<Layout>();
  const arrow::ipc::DictionaryMemo memo;
  ARROW_ASSIGN_OR_RAISE(layout->columns,
                        internal::ArrowLayout(schema, memo.fields(), /*before_v5=*/false));
  layout->num_nodes = internal::CountArrowColumns(layout->columns);
  for (const ArrowColumn& column : layout->columns) {
    layout->num_buffers += column.num_buffers;
    layout->num_views += column.num_views;
  }
  return std::shared_ptr<const RecordBatchChecker>(new RecordBatchChecker(std::move(layout)));
}

arrow::Result<MessageFacts> RecordBatchChecker::Check(
    std::shared_ptr<arrow::Buffer> metadata) const {
  ARROW_ASSIGN_OR_RAISE(const auto message, ArrowMessage::Parse(std::move(metadata)));
  MessageFacts facts;
  facts.body_bytes = message->body_size();
  if (message->kind() == ArrowMessage::Kind::kSchema) {
    facts.kind = MessageFacts::Kind::kSchema;
    return facts;
  }
  if (message->kind() != ArrowMessage::Kind::kRecordBatch) {
    return arrow::Status::Invalid("a message is neither a schema nor a record batch");
  }
  facts.num_rows = message->num_rows();
  int64_t num_buffers = layout_->num_buffers;
  if (layout_->num_views > 0) {
    ARROW_ASSIGN_OR_RAISE(const int64_t added, message->CountVariadic(layout_->num_views));
    num_buffers += added;
  }
  if (message->num_nodes() != layout_->num_nodes || message->num_buffers() != num_buffers) {
    return arrow::Status::Invalid("a record batch has ", message->num_nodes(), " arrays with ",
                                  message->num_buffers(), " buffers, but its schema needs ",
                                  layout_->num_nodes, " with ", num_buffers);
  }
  for (int64_t i = 0; i < num_buffers; ++i) ARROW_RETURN_NOT_OK(message->buffer(i).status());
  for (int64_t i = 0; i < layout_->num_nodes; ++i) {
    const int64_t rows = message->node_rows(i);
    const int64_t nulls = message->node_nulls(i);
    if (rows < 0 || nulls < 0 || nulls > rows) {
      return arrow::Status::Invalid("a record batch claims an array of ", rows, " values, ", nulls,
                                    " of them null");
    }
  }
  for (const ArrowColumn& column : layout_->columns) {
    const int64_t rows = message->node_rows(column.parts.node);
    if (rows != facts.num_rows) {
      return arrow::Status::Invalid("a record batch of ", facts.num_rows, " rows has a column of ",
                                    rows);
    }
  }
  return facts;
}

}  // namespace emberharmony::io
