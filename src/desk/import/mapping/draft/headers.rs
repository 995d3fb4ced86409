//! What columns are called, by what they may stand for.

/// Words of headers, by the field that they may stand for. Korean ones are those that ministries use.
pub(super) const HEADERS: &[(&str, &[&str])] = &[
    (
        "date",
        &[
            "date",
            "day",
            "when",
            "event date",
            "year",
            "years",
            "연도",
            "년도",
            "날짜",
            "일자",
            "일시",
            "발생일",
        ],
    ),
    (
        "from",
        &[
            "from",
            "sender",
            "source country",
            "proposer",
            "initiator",
            "actor",
            "발신",
            "발신자",
            "제의측",
            "제안자",
        ],
    ),
    (
        "to",
        &[
            "to",
            "recipient",
            "addressee",
            "target",
            "target country",
            "counterpart",
            "수신",
            "수신자",
            "상대",
            "상대측",
        ],
    ),
    ("channel", &["channel", "line", "forum", "medium", "via", "채널", "통로", "연락선"]),
    (
        "summary",
        &["summary", "description", "text", "event", "what", "headline", "content", "내용", "요지", "요약"],
    ),
    ("note", &["note", "notes", "remark", "remarks", "comment", "comments", "비고"]),
    ("source", &["source", "reference", "url", "link", "citation", "sources", "출처", "근거"]),
    ("speaker", &["speaker", "spokesperson", "person", "발언자"]),
    ("topics", &["topic", "topics", "subject", "tags", "주제", "의제"]),
    ("place", &["place", "location", "venue", "장소"]),
    ("in_reply_to", &["in reply to", "reply to", "answers", "parent"]),
];
/// Of the column that tells the kind.
pub(super) const KINDS: &[&str] = &["kind", "type", "event type", "category", "유형", "종류", "구분"];
/// Of the column that names a row.
pub(super) const KEYS: &[&str] = &[
    "id",
    "key",
    "no",
    "number",
    "nr",
    "event id",
    "row id",
    "serial no",
    "ref",
    "ref no",
    "reference no",
    "번호",
    "연번",
    "순번",
    "일련번호",
    "관리번호",
    "문서번호",
];
