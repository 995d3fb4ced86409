//! Korean and English sentences of some thousand words, a few of them in most sentences, most in few (Zipf).

use super::random::Random;

/// English words that desks use often; further ones are made of them.
const ENGLISH: &str = "the talk offer line message reply north south side military official state meeting term \
    call border proposal delegation statement answer channel ministry agree envoy letter exchange visit party \
    accord claim council demand deploy dialogue draft duty exercise family force guard harbour hold incident \
    inspect island joint labour leader level limit link list medic minister missile mission mutual notice open \
    order panel patrol peace plan pledge point port position post press prison proof protest protocol quarter \
    question rail reactor record refuse region relief remain remark report request resume return reunion review \
    road round route sanction scholar sea secretary section security seminar session settle shell ship site \
    speak staff stage station step stop store strait summit supply support survey suspend table team test text \
    threat trade train transit treaty troop trust tunnel turn unit urge vessel view vow walk warn watch weapon \
    witness work zone";
/// What the further ones end with.
const ENDINGS: [&str; 12] = ["", "s", "ed", "ing", "er", "ers", "ment", "ments", "al", "ally", "ity", "ive"];

/// Korean words that desks use often; further ones are made of their syllables.
const KOREAN: &str = "회담 제의 군사 남북 대화 통신 연락 당국 정부 통일 국방 외무 합의 제안 답변 침묵 거부 수용 \
    성명 담화 대표 접촉 실무 고위 장관 총리 특사 친서 전통 통지 판문 개성 금강 이산 가족 상봉 적십 인도 지원 협력 \
    교류 철도 도로 연결 해상 육상 경계 분계 훈련 중단 재개 연기 취소 수락 조건 의제 일정 장소 수석 대리 위원 국회 \
    인민 평화 조약 협정 선언 공동 발표 보도 기자 논평 비난 경고 위협 도발 사건 유감 사과 조사 규명 책임 요구 촉구";
/// What stands behind a word.
const PARTICLES: [&str; 10] = ["은", "는", "이", "가", "을", "를", "에", "의", "과", "로"];

/// How many words a language has.
const WORDS: usize = 4_000;

/// The words of both languages, and how often each is said.
#[derive(Debug)]
pub(crate) struct Prose {
    english: Vec<String>,
    korean: Vec<String>,
    // The weight of all words up to each.
    weights: Vec<f64>,
}

impl Prose {
    /// Returns the words, in the order of how often they are said.
    pub(crate) fn new() -> Self {
        let roots: Vec<&str> = ENGLISH.split_whitespace().collect();
        let mut english: Vec<String> = Vec::with_capacity(WORDS);
        for ending in ENDINGS {
            english.extend(roots.iter().map(|root| format!("{root}{ending}")));
        }
        for (number, one) in roots.iter().enumerate() {
            let other = roots[(number * 7 + 3) % roots.len()];
            english.extend(ENDINGS.iter().map(|ending| format!("{one}{other}{ending}")));
        }
        english.truncate(WORDS);
        let mut korean: Vec<String> = KOREAN.split_whitespace().map(ToOwned::to_owned).collect();
        let syllables: Vec<char> = KOREAN.chars().filter(|letter| !letter.is_whitespace()).collect();
        let mut random = Random::of(7);
        while korean.len() < WORDS {
            let word: String = (0..2).map(|_| *random.pick(&syllables)).collect();
            korean.push(word);
        }
        let mut sum = 0.0;
        let weights = (0..WORDS.min(english.len())).map(|rank| {
            sum += 1.0 / (rank as f64 + 2.7);
            sum
        });
        let weights = weights.collect();
        Self { english, korean, weights }
    }

    fn rank(&self, random: &mut Random) -> usize {
        let all = self.weights.last().copied().unwrap_or_default();
        let place = random.share() * all;
        self.weights.partition_point(|weight| *weight <= place)
    }

    /// Returns an English sentence of so many words.
    pub(crate) fn english(&self, random: &mut Random, words: usize) -> String {
        let mut text = String::with_capacity(words * 8);
        for number in 0..words {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(&self.english[self.rank(random)]);
        }
        text.push('.');
        text
    }

    /// Returns a Korean sentence of so many words: with its spaces, or as notices that were taken down in haste
    /// have it, with few.
    pub(crate) fn korean(&self, random: &mut Random, words: usize) -> String {
        let mut text = String::with_capacity(words * 9);
        let spaced = random.in_thousand(750);
        for number in 0..words {
            if number > 0 && (spaced || random.in_thousand(150)) {
                text.push(' ');
            }
            text.push_str(&self.korean[self.rank(random)]);
            if random.in_thousand(350) {
                text.push_str(PARTICLES[random.below(PARTICLES.len())]);
            }
        }
        text.push('.');
        text
    }

    /// Returns two Korean words, each among those that are neither in every text nor in hardly any.
    pub(crate) fn two_words(&self, random: &mut Random) -> [&str; 2] {
        [(); 2].map(|()| self.korean[3 + random.rather_early(250)].as_str())
    }
}
