"""The rules and what they found, in Chinese and English. No accusation: each says what would explain it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from app.kit.texts import Language, label

__all__ = ["SENTENCES", "Telling", "Words", "sentence"]

Local = Callable[[datetime], datetime]
UNITS_EN: Final = {"working_day": "working day", "calendar_day": "calendar day", "month": "month"}
MINUTES_AN_HOUR: Final = 60
SECONDS_AN_HOUR: Final = 3_600


class Words(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        """The one asked for."""
        return self.en if language == "en" else self.zh


class Telling(NamedTuple):
    """A rule in words: its name, what it looks for, why its threshold, what was seen, what would explain it."""

    name: Words
    looks_for: Words
    reason: Words
    seen: Words
    innocent: Words


SENTENCES: Final[Mapping[str, Telling]] = {
    "late_entry": Telling(
        Words("补录", "Late entry"),
        Words(
            "发生后过了规则所定时间才录入的步骤；导入的历史不计。",
            "Steps entered later than the rule allows after they happened; imported history does not count.",
        ),
        Words(
            "窗口当天录入，最迟隔一两个工作日；超过三个工作日，系统记录的已不是办理当时的情况。",
            "A window enters what it does on the day, at the latest a day or two after; three working days later the "
            "record no longer tells of the moment.",
        ),
        Words(
            "第{seq}步（{step}）发生于{occurred_at}，{recorded_at}才录入，相隔{days}天{hours}小时；规则容许{after}。",
            "Step {seq} ({step}) happened at {occurred_at} and was entered at {recorded_at}, {days} days and {hours} "
            "hours later; the rule allows {after}.",
        ),
        Words(
            "系统停机、网络中断或者纸质收件后集中录入；查看补录理由和原始文书的日期。",
            "An outage, or papers that were entered together; look at the reason given and the date on the papers.",
        ),
    ),
    "back_dated": Telling(
        Words("过期后补录期内办理", "Entered after the end, as done before it"),
        Words(
            "在时限届满之后才录入、却使该时限按时停止或者中止的步骤。",
            "Steps entered after a clock's end that let it stop in time, or stand still.",
        ),
        Words(
            "最后一天下班前办结、次日或者第三日录入是常事；再晚，唯一的证明就是录入人自己所填的时间。",
            "Decided on the last afternoon and entered within two working days is common; later than that nothing "
            "but the entered time itself says that the end was kept.",
        ),
        Words(
            "第{seq}步（{step}）填报发生于{occurred_at}，在{clock}届满（{due_at}）之前；录入于{recorded_at}，"
            "届满之后。规则容许{after}。",
            "Step {seq} ({step}) is said to have happened at {occurred_at}, before the {clock} clock ended at "
            "{due_at}; it was entered at {recorded_at}, after that. The rule allows {after}.",
        ),
        Words(
            "文书确在期内作出；核对文书的签发日期、编号次序和送达回证。",
            "The act was done in time; compare the date, the running number and the proof of delivery.",
        ),
    ),
    "pause_at_end": Telling(
        Words("临期中止", "Pause at the end"),
        Words("时限将尽时开始的特别程序或者中止。", "Pauses that begin when a clock is nearly used up."),
        Words(
            "专家评审、听证通常在受理后不久即安排；用去九成时限才中止，值得问为什么不早。",
            "Reviews and hearings are arranged soon after acceptance; with nine tenths of the limit gone one may ask "
            "why not before.",
        ),
        Words(
            "{occurred_at}以“{ground}”为由中止，此时{clock}已用{used}/{limit}，{due_at}届满。",
            "Paused at {occurred_at} for {ground}, when {used} of {limit} of the {clock} clock were used; it was to "
            "end at {due_at}.",
        ),
        Words(
            "事由确在期末才出现，例如利害关系人最后提出听证；查看通知书和申请的日期。",
            "The reason came up only then, as a hearing asked for late; look at the dates of request and notice.",
        ),
    ),
    "extension_at_end": Telling(
        Words("临期延期", "Extension at the last hour"),
        Words("在时限最后一天作出的延期。", "Extensions on the last day of a clock."),
        Words(
            "延期应当有理由并在届满前告知申请人；最后一天才延期，告知往往来不及。",
            "An extension has its reason and is told to the applicant before the end; on the last day there is hardly "
            "time to.",
        ),
        Words(
            "{occurred_at}延期{amount}，此时{clock}已用{used}/{limit}，{due_at}届满。",
            "Extended by {amount} at {occurred_at}, when {used} of {limit} of the {clock} clock were used; it was to "
            "end at {due_at}.",
        ),
        Words(
            "当天出现意外情况；查看负责人批准和告知申请人的时间。",
            "Something unforeseen that day; look at when it was approved and told to the applicant.",
        ),
    ),
    "ended_before_end": Telling(
        Words("临期撤回或者终止", "Withdrawn or terminated just before the end"),
        Words(
            "决定的时限将尽时撤回或者终止的办件。",
            "Applications withdrawn or terminated when the time for the decision was nearly over.",
        ),
        Words(
            "申请人改变主意与时限无关；恰在期末撤回的，可能是被劝退以免超期。",
            "Applicants change their minds at any time; one that withdraws at the end may have been asked to.",
        ),
        Words(
            "{occurred_at}{step}，此时{clock}已用{used}/{limit}，{due_at}届满。",
            "{step} at {occurred_at}, when {used} of {limit} of the {clock} clock were used; it was to end at "
            "{due_at}.",
        ),
        Words(
            "确系申请人自愿；联系申请人，看是否另行申请。",
            "The applicant wanted it; ask them, and see whether they applied anew.",
        ),
    ),
    "fixed_due": Telling(
        Words("人工确定截止", "End fixed by hand"),
        Words("为单个办件人工确定的截止。", "Ends that a person fixed for one application alone."),
        Words(
            "人工确定的截止代替法定计算，逐件列出；导入文件带来的截止数量多、来自原系统，默认不列。",
            "It stands instead of what the law would count, so that each is listed; those of an import come from the "
            "system before, by the hundred, and are left out by default.",
        ),
        Words(
            "第{seq}步将{clock}的截止定为{due_at}，代替按规定计算的截止。",
            "Step {seq} fixed the end of the {clock} clock at {due_at}, instead of the one that is counted.",
        ),
        Words(
            "法律为该件另有规定，例如许可证到期日；查看所填依据。",
            "The law says so for this one, as a licence's expiry; look at the basis given.",
        ),
    ),
    "corrections_repeated": Telling(
        Words("多次补正", "Corrections repeated"),
        Words("同一办件多次要求补正。", "Corrections asked for more than once of one application."),
        Words(
            "行政许可法第三十二条：一次告知需要补正的全部内容；第二次即可能违反第七十二条第四项。",
            "行政许可法 article 32: all that is missing is told once; a second time may offend against 72(4).",
        ),
        Words(
            "共要求补正{times}次，最近一次于{occurred_at}。",
            "Corrections were asked for {times} times, last at {occurred_at}.",
        ),
        Words(
            "申请人补来的材料本身又有新问题，或者导入时把提醒当成了补正告知；对照两次清单。",
            "What was handed in had faults of its own, or an import took a reminder for a notice; compare the lists.",
        ),
    ),
    "completed_without_result": Telling(
        Words("无结果办结", "Completed without result"),
        Words(
            "已送达或者办结，却没有决定，或者决定没有任何文书。",
            "Delivered or closed with no decision, or with one that no document shows.",
        ),
        Words(
            "办结须有结果和文书；导入的文件常不含决定，默认不查。",
            "A completion has a result and a document; imported files often leave decisions out, so that they are not "
            "looked at by default.",
        ),
        Words("{occurred_at}{step}，但没有{lacks}。", "{step} at {occurred_at}, without a {lacks}."),
        Words(
            "文书在另一系统制作而未登记编号；查阅档案。",
            "The document was made elsewhere and its number not entered; look into the file.",
        ),
    ),
    "burst": Telling(
        Words("突击办结", "Burst of completions"),
        Words(
            "一名经办人在很短时间内办结许多办件；当天收当天办的不计。",
            "Many completions of one officer within a short time; what was received on the same day does not count.",
        ),
        Words(
            "一件审查至少几分钟；半小时十五件，每件两分钟，看不完材料。",
            "Papers take minutes each to read; fifteen in half an hour leave two minutes for one.",
        ),
        Words(
            "{officer}自{first_at}至{last_at}共办结{count}件；规则为{minutes}分钟内{least}件。",
            "{officer} completed {count} applications from {first_at} to {last_at}; the rule is {least} within "
            "{minutes} minutes.",
        ),
        Words(
            "逐件审查在前、集中签发在后，或者系统批量导入；看各件的审查环节何时完成。",
            "They were examined one by one before and signed together; see when their stages were completed.",
        ),
    ),
    "off_hours": Telling(
        Words("非工作时间批量办结", "Mass completion off hours"),
        Words(
            "一名经办人在休息日，或者远离上班时间的时刻，一天内办结多件。",
            "Several completions of one officer on one day, on a rest day or far from the office hours.",
        ),
        Words(
            "加班办一两件常见；下班两小时之后一天五件以上，可能是他人用其账号，或者补走流程。",
            "One or two in overtime are common; five or more, two hours after closing, may be somebody else under that "
            "name, or a course made up afterwards.",
        ),
        Words(
            "{officer}自{first_at}至{last_at}在非工作时间办结{count}件；规则为{least}件，上下班前后各宽{grace_minutes}分钟。",
            "{officer} completed {count} applications off hours from {first_at} to {last_at}; the rule is {least}, "
            "{grace_minutes} minutes around the hours allowed.",
        ),
        Words(
            "经批准的加班、延时服务或者周末专场；查看加班安排，节假日历是否缺了当地调休。",
            "Approved overtime or a weekend service; look at the roster, and whether the calendar lacks a local day.",
        ),
    ),
    "too_fast": Telling(
        Words("超快办件", "Too fast"),
        Words(
            "用时只占同一事项以往办件中位数极小一部分的决定。",
            "Decisions that took a very small part of the median of the item's earlier applications.",
        ),
        Words(
            "办得快本是好事；不足中位数百分之五的，审查环节可能没有真正进行。通常两天内办结、"
            "或者二十件中不止一件同样快的事项不查。",
            "Fast is good; under five hundredths of the median there can have been no real examination. Items usually "
            "done within two days, or of which more than one in twenty is as fast, are not looked at.",
        ),
        Words(
            "自收件至办结仅{spent}；该事项此前{earlier_cases}件的中位数为{median}，最快{fastest}。",
            "It took {spent} from receipt to result; the {earlier_cases} earlier ones of the item took {median} in the "
            "median, the fastest {fastest}.",
        ),
        Words(
            "简单的变更、重复申请，或者收件登记迟于实际受理；查看材料和收件日期。",
            "A plain change, an application anew, or a receipt entered late; look at papers and day of receipt.",
        ),
    ),
    "pause_share": Telling(
        Words("中止占比偏高", "High share of pauses"),
        Words(
            "一个部门或者一名经办人当月办结的办件中，中止天数占比高，且明显高于他人办理同样事项。",
            "A high share of the days of an office's, or a person's, applications of a month stood still, clearly more "
            "than with others who had the same items.",
        ),
        Words(
            "中止是法定例外；占到四成且达到他人两倍的，值得抽查依据。不足十件的月份不比。",
            "A pause is an exception; at two fifths of the days and twice the share of others its reasons are worth a "
            "look. Months with fewer than ten are not compared.",
        ),
        Words(
            "{month}，{whose}办结{cases}件，{elapsed}天中有{paused}天中止（{own}%）；他人同样事项为{others}。",
            "In {month}, {whose} completed {cases}: of {elapsed} days {paused} stood still ({own}%); with others who "
            "had the same items {others}.",
        ),
        Words(
            "该科室专办须经专家评审的复杂件；看件的难易，抽查通知书。",
            "They had the hard cases that need a review; look at the cases, and at some of the notices.",
        ),
    ),
    "item_without_clocks": Telling(
        Words("事项没有时限", "Item without limits"),
        Words("最新版本没有给机关任何时限的事项。", "Items whose newest version sets the office no limit."),
        Words(
            "没有时限的事项永不超期，也从不预警。",
            "What has no limit is never overdue and never warned of.",
        ),
        Words(
            "事项{item}第{version}版没有机关的时限。", "Version {version} of item {item} has no limit of the office's."
        ),
        Words(
            "由导入建立、尚未补录要素，时限随办件导入；补齐事项要素即可。",
            "An import made it, the ends came with its applications; its limits are still to be entered.",
        ),
    ),
}
"""What stands beside each rule."""


def sentence(rule: str, evidence: Mapping[str, Any], compared: Mapping[str, Any], subject: "Subject") -> str:
    """What was seen, in one sentence."""
    values = told(rule, evidence, compared, subject)
    return SENTENCES[rule].seen.in_(subject.language).format_map(values)


class Subject(NamedTuple):
    """How a sentence names things."""

    language: Language
    local: Local
    department: str
    officer: str | None
    item: str | None


def told(rule: str, evidence: Mapping[str, Any], compared: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """The values that its sentence names."""
    language = subject.language
    values: dict[str, Any] = {"item": subject.item, "officer": subject.officer}
    values |= {"whose": subject.department if subject.officer is None else subject.officer}
    values |= {name: value for name, value in compared.items() if isinstance(value, int)}
    if "count" in compared:
        values["least"] = compared["count"]
    values |= dict(evidence.get("figures", {}))
    for name in ("first_at", "last_at"):
        if name in values:
            values[name] = at(values[name], subject)
    if steps := evidence.get("steps"):
        last = steps[-1]
        values |= {
            "seq": last["seq"],
            "step": label("step", last["type"], language),
            "occurred_at": at(last["occurred_at"], subject),
            "recorded_at": at(last["recorded_at"], subject),
        }
    if clocks := evidence.get("clocks"):
        first = clocks[0]
        values |= {
            "clock": label("clock", first["clock"], language),
            "due_at": at(first["due_at"], subject),
            "used": first.get("used"),
            "limit": length(first.get("limit"), language),
        }
    if "after" in compared:
        values["after"] = length(compared["after"], language)
    if "ground" in values:
        values["ground"] = label("ground", values["ground"], language)
    if "lacks" in values:
        lacks = Words("决定", "decision") if values["lacks"] == "decision" else Words("文书", "document")
        values["lacks"] = lacks.in_(language)
    for of, name in (("seconds", "spent"), ("median_seconds", "median"), ("fastest_seconds", "fastest")):
        if of in values:
            values[name] = lasting(values[of], language)
    if rule == "pause_share":
        values |= shares(values, compared["others"], language)
    return values


def shares(values: Mapping[str, Any], others: Mapping[str, int], language: Language) -> dict[str, str]:
    """Own share and that of the others, in per cent."""
    nobody = Words("没有可比的", "there is nothing to compare").in_(language)
    return {
        "own": str(values["paused"] * 100 // values["elapsed"]),
        "others": f"{others['paused'] * 100 // others['elapsed']}%" if others["elapsed"] else nobody,
    }


def at(stamped: str, subject: Subject) -> str:
    """An instant to the minute, where the application is."""
    return f"{subject.local(datetime.fromisoformat(stamped)):%Y-%m-%d %H:%M}" if stamped else ""


def length(limit: Mapping[str, Any] | None, language: Language) -> str:
    """A limit in words."""
    if limit is None:
        return Words("人工确定的期限", "a fixed time").in_(language)
    unit, amount = limit["unit"], limit["amount"]
    if language != "en":
        return f"{amount}{label('unit', unit, language)}"
    named = UNITS_EN.get(unit, unit.replace("_", " "))
    return f"{amount} {named}" + ("" if amount == 1 else "s")


def lasting(seconds: int, language: Language) -> str:
    """How long something took, to the minute."""
    days, rest = divmod(seconds, 24 * SECONDS_AN_HOUR)
    hours, rest = divmod(rest, SECONDS_AN_HOUR)
    minutes = rest // MINUTES_AN_HOUR
    if language != "en":
        return (f"{days}天" if days else "") + (f"{hours}小时" if hours else "") + f"{minutes}分"
    return (f"{days} d " if days else "") + (f"{hours} h " if hours else "") + f"{minutes} min"
